package io.hubspoke.lab.scale;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What a run is to do.
 *
 * @param pools processes that the nodes are dealt out to
 * @param pods of Deployments, which the scheduler places
 * @param hold how long it is watched once everything is ready
 * @param samples nodes on which a pod is called and whose rights are tried
 */
public record ScalePlan(
    int nodes, int pools, int pods, Duration hold, int samples, Path directory) {}
