/** Fills the secrets in which service accounts' tokens are kept. */
package io.hubspoke.controllermanager.serviceaccounts;
