package io.hubspoke.scheduler;

import io.hubspoke.client.ClientConfig;

/**
 * What a scheduler is told.
 *
 * @param client the apiserver, and the credentials to show it
 * @param schedulerName serves the pods whose {@code spec.schedulerName} is this
 */
public record SchedulerOptions(ClientConfig client, String schedulerName) {
  /** The scheduler of pods that name none. */
  public static SchedulerOptions of(ClientConfig client) {
    return new SchedulerOptions(client, "default-scheduler");
  }
}
