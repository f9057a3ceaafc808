/** The control loops of the kube-controller-manager. */
package io.hubspoke.controllermanager;
