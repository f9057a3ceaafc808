/** Answers who a caller is and what he may do: authentication.k8s.io and authorization.k8s.io. */
package io.hubspoke.apiserver.reviews;
