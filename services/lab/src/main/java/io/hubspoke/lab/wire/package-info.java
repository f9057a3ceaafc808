/**
 * The untrusted segment between the two networks: a relay that can tap, intercept, delay and cut.
 *
 * <p>It knows bytes, addresses and TLS; of Kubernetes and its components it knows nothing.
 */
package io.hubspoke.lab.wire;
