/** Keys, certificates, signing requests, and the files that hold them. */
package io.hubspoke.pki;
