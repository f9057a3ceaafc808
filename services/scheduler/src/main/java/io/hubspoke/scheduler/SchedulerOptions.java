package io.hubspoke.scheduler;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.client.serving.SecureServing;

/**
 * What a scheduler is told.
 *
 * @param client the apiserver, and the credentials to show it
 * @param schedulerName serves the pods whose {@code spec.schedulerName} is this
 * @param leaderElection how replicas agree on the one that acts
 * @param serving where health and metrics are served
 */
public record SchedulerOptions(
    ClientConfig client,
    String schedulerName,
    LeaderElectionOptions leaderElection,
    SecureServing serving) {
  static final LeaderElectionOptions LEADER_ELECTION = LeaderElectionOptions.of("kube-scheduler");

  /** The scheduler of pods that name none. */
  public static SchedulerOptions of(ClientConfig client) {
    return new SchedulerOptions(client, "default-scheduler", LEADER_ELECTION, SecureServing.NONE);
  }

  public SchedulerOptions withLeaderElection(LeaderElectionOptions election) {
    return new SchedulerOptions(client, schedulerName, election, serving);
  }

  /** Serves health and metrics there. */
  public SchedulerOptions withServing(SecureServing where) {
    return new SchedulerOptions(client, schedulerName, leaderElection, where);
  }
}
