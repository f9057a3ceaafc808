package io.hubspoke.apiserver.egress;

import io.hubspoke.api.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * Which way leads where: {@code EgressSelectorConfiguration} of {@code apiserver.k8s.io}. What it
 * doesn't name is reached directly.
 */
record EgressSelectorConfiguration(Map<EgressType, EgressConnection> selections) {
  EgressSelectorConfiguration {
    EnumMap<EgressType, EgressConnection> copy = new EnumMap<>(EgressType.class);
    copy.putAll(selections);
    selections = copy;
  }

  /**
   * Reads a file, strictly: what it doesn't know is an error.
   *
   * @throws IllegalArgumentException in a line that names the fields
   */
  static EgressSelectorConfiguration read(Path file) throws IOException {
    return new EgressSelectorReader().read(Yaml.parseObject(Files.readAllBytes(file)));
  }
}
