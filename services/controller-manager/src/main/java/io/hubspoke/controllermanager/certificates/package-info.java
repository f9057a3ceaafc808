/** Approves and signs certificate signing requests. */
package io.hubspoke.controllermanager.certificates;
