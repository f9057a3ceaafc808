/** Says how many pods each disruption budget can spare. */
package io.hubspoke.controllermanager.disruption;
