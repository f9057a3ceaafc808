/** Fixtures for tests: guards, conditions to wait on, kubectl. */
package io.hubspoke.testing;
