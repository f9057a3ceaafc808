/** The virtual addresses of services, each given to one service at a time. */
package io.hubspoke.apiserver.serviceips;
