package io.hubspoke.apiserver.registry;

import io.hubspoke.api.Status;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Completes {@code generateName} with five characters that spell no words. */
final class GeneratedName {
  /** How often a name is tried before the clash is reported. */
  static final int ATTEMPTS = 8;

  /** No vowels, and none of 0, 1 and 3, which look like letters. */
  private static final String ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  private static final int SUFFIX = 5;
  private static final int MAX_LENGTH = 63;

  private GeneratedName() {}

  /** Says that no name was free, and that another attempt may find one. */
  static Status exhausted(Status taken) {
    Status.Details about = taken.details();
    return new Status(
        taken.code(),
        taken.reason(),
        taken.message() + ", the server was not able to generate a unique name for the object",
        new Status.Details(about.name(), about.group(), about.kind(), "", List.of(), 1));
  }

  static String from(String prefix) {
    StringBuilder name =
        new StringBuilder(
            prefix.length() > MAX_LENGTH - SUFFIX
                ? prefix.substring(0, MAX_LENGTH - SUFFIX)
                : prefix);
    for (int i = 0; i < SUFFIX; i++) {
      name.append(ALPHABET.charAt(ThreadLocalRandom.current().nextInt(ALPHABET.length())));
    }
    return name.toString();
  }
}
