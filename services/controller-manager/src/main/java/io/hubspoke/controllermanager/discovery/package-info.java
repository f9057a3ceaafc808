/** What the apiserver serves, for the controllers that concern themselves with every type. */
package io.hubspoke.controllermanager.discovery;
