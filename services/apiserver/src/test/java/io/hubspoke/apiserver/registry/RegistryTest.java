package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Gives each test a registry of its own, which nothing may have failed in unexpectedly. */
abstract class RegistryTest {
  RegistryServer server;

  @BeforeEach
  void start() throws Exception {
    server = new RegistryServer();
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(server.failures).isEmpty();
    server.close();
  }
}
