package io.hubspoke.scheduler;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.election.LeaderElectionOptions;

/**
 * What a scheduler is told.
 *
 * @param client the apiserver, and the credentials to show it
 * @param schedulerName serves the pods whose {@code spec.schedulerName} is this
 * @param leaderElection how replicas agree on the one that acts
 */
public record SchedulerOptions(
    ClientConfig client, String schedulerName, LeaderElectionOptions leaderElection) {
  static final LeaderElectionOptions LEADER_ELECTION = LeaderElectionOptions.of("kube-scheduler");

  /** The scheduler of pods that name none. */
  public static SchedulerOptions of(ClientConfig client) {
    return new SchedulerOptions(client, "default-scheduler", LEADER_ELECTION);
  }

  public SchedulerOptions withLeaderElection(LeaderElectionOptions election) {
    return new SchedulerOptions(client, schedulerName, election);
  }
}
