package io.hubspoke.streams;

import io.hubspoke.api.Status;

/** How an exec or attach ended, as its error channel tells. */
public sealed interface Outcome {

  /** The process ended by itself. */
  record Exited(int code) implements Outcome {}

  /** It could not be run or followed to its end. */
  record Failed(Status status) implements Outcome {}
}
