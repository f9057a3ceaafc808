/**
 * The lab cluster: processes, here and on other machines, that offer room for nodes to whoever
 * measures. It carries orders and observations; never credentials, never API objects.
 */
package io.hubspoke.lab.cluster;
