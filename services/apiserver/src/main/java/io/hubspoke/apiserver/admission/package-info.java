/** What is asked about a write before it happens, beyond authorization. */
package io.hubspoke.apiserver.admission;
