/** Stateful sets: pods with names that last, made and changed in order. */
package io.hubspoke.controllermanager.statefulsets;
