package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** The lines of the table for what makes pods, scales them and keeps enough of them. */
public final class WorkloadResources {
  private static final String APPS = "apps";
  private static final String BATCH = "batch";

  public static final Resource REPLICATION_CONTROLLERS =
      type("", "ReplicationController", "replicationcontrollers", true)
          .alias("rc")
          .category("all")
          .sub("scale", "status")
          .with(new ReplicationControllerStrategy(), WorkloadColumns.replicas());
  public static final Resource POD_TEMPLATES =
      type("", "PodTemplate", "podtemplates", true)
          .with(new PodTemplateStrategy(), WorkloadColumns.podTemplates());
  public static final Resource CONTROLLER_REVISIONS =
      type(APPS, "ControllerRevision", "controllerrevisions", true)
          .with(new ControllerRevisionStrategy(), WorkloadColumns.controllerRevisions());
  public static final Resource DAEMON_SETS =
      type(APPS, "DaemonSet", "daemonsets", true)
          .alias("ds")
          .category("all")
          .sub("status")
          .with(new DaemonSetStrategy(), WorkloadColumns.daemonSets());
  public static final Resource DEPLOYMENTS =
      type(APPS, "Deployment", "deployments", true)
          .alias("deploy")
          .category("all")
          .sub("scale", "status")
          .with(new DeploymentStrategy(), WorkloadColumns.deployments());
  public static final Resource REPLICA_SETS =
      type(APPS, "ReplicaSet", "replicasets", true)
          .alias("rs")
          .category("all")
          .sub("scale", "status")
          .with(new ReplicaSetStrategy(), WorkloadColumns.replicas());
  public static final Resource STATEFUL_SETS =
      type(APPS, "StatefulSet", "statefulsets", true)
          .alias("sts")
          .category("all")
          .sub("scale", "status")
          .with(new StatefulSetStrategy(), WorkloadColumns.statefulSets());
  public static final Resource HORIZONTAL_POD_AUTOSCALERS =
      type("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true)
          .alias("hpa")
          .category("all")
          .sub("status")
          .with(new HorizontalPodAutoscalerStrategy(), WorkloadColumns.horizontalPodAutoscalers());
  public static final Resource CRON_JOBS =
      type(BATCH, "CronJob", "cronjobs", true)
          .alias("cj")
          .category("all")
          .sub("status")
          .with(new CronJobStrategy(), JobColumns.cronJobs());
  public static final Resource JOBS =
      type(BATCH, "Job", "jobs", true)
          .category("all")
          .sub("status")
          .with(new JobStrategy(), JobColumns.jobs());
  public static final Resource POD_DISRUPTION_BUDGETS =
      type("policy", "PodDisruptionBudget", "poddisruptionbudgets", true)
          .alias("pdb")
          .sub("status")
          .with(new PodDisruptionBudgetStrategy(), WorkloadColumns.podDisruptionBudgets());

  /** What says and changes how many pods there shall be; stored nowhere by itself. */
  public static final Resource SCALES =
      type("autoscaling", "Scale", "scales", true)
          .verbs(Set.of("get", "patch", "update"))
          .with(new GenericStrategy(true, false, Map.of()), WorkloadColumns.scales());

  static final List<Resource> ALL =
      List.of(
          REPLICATION_CONTROLLERS,
          POD_TEMPLATES,
          CONTROLLER_REVISIONS,
          DAEMON_SETS,
          DEPLOYMENTS,
          REPLICA_SETS,
          STATEFUL_SETS,
          HORIZONTAL_POD_AUTOSCALERS,
          CRON_JOBS,
          JOBS,
          POD_DISRUPTION_BUDGETS);

  private WorkloadResources() {}
}
