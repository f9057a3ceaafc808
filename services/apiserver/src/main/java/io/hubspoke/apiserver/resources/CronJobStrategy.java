package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;

/** Cron jobs: jobs made by a schedule. */
final class CronJobStrategy extends WorkloadStrategy {
  /** The jobs' names have eleven more characters, and are labels. */
  private static final int LONGEST_NAME = 52;

  private static final List<String> POLICIES = List.of("Allow", "Forbid", "Replace");

  CronJobStrategy() {
    super(StatusCounts.always(), Map.of());
  }

  @Override
  void defaultSpec(ObjectNode cronJob, ObjectNode spec) {
    setDefault(spec, "concurrencyPolicy", "Allow");
    if (!spec.has("suspend")) {
      spec.put("suspend", false);
    }
    setDefault(spec, "successfulJobsHistoryLimit", 3);
    setDefault(spec, "failedJobsHistoryLimit", 1);
    ObjectNode template = object(spec, "jobTemplate");
    object(template, "metadata");
    PodTemplateRules.applyDefaults(object(template, "spec"));
  }

  @Override
  void validateSpec(ObjectNode cronJob, JsonNode spec, FieldErrors errors) {
    if (Meta.name(cronJob).length() > LONGEST_NAME) {
      errors.invalid(
          "metadata.name",
          Meta.name(cronJob),
          "must be no more than " + LONGEST_NAME + " characters");
    }
    schedule(spec, errors);
    FieldNumbers.nonNegative(spec, "startingDeadlineSeconds", "spec", errors);
    PodValidation.oneOf(spec, "concurrencyPolicy", "spec", POLICIES, errors);
    JsonNode job = spec.path("jobTemplate").path("spec");
    JobRules.validate(job, "spec.jobTemplate.spec", errors);
    if (job.has("selector")) {
      errors.invalid(
          "spec.jobTemplate.spec.selector",
          job.get("selector"),
          "`selector` will be auto-generated");
    }
    if (job.path("manualSelector").asBoolean()) {
      errors.notSupported(
          "spec.jobTemplate.spec.manualSelector",
          job.get("manualSelector"),
          List.of("nil", "false"));
    }
    FieldNumbers.nonNegative(spec, "successfulJobsHistoryLimit", "spec", errors);
    FieldNumbers.nonNegative(spec, "failedJobsHistoryLimit", "spec", errors);
  }

  private static void schedule(JsonNode spec, FieldErrors errors) {
    String schedule = spec.path("schedule").asText("");
    if (schedule.isEmpty()) {
      errors.required("spec.schedule", "");
    } else if (schedule.contains("TZ")) {
      errors.invalid(
          "spec.schedule",
          schedule,
          "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
    } else {
      CronSchedule.error(schedule).ifPresent(e -> errors.invalid("spec.schedule", schedule, e));
    }
    if (!spec.has("timeZone")) {
      return;
    }
    String zone = spec.path("timeZone").asText("");
    if (zone.isEmpty()) {
      errors.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
    } else if (zone.equalsIgnoreCase("Local")) {
      errors.invalid(
          "spec.timeZone",
          zone,
          "timeZone must be an explicit time zone as defined in"
              + " https://www.iana.org/time-zones");
    } else if (!ZoneId.getAvailableZoneIds().contains(zone)) {
      errors.invalid("spec.timeZone", zone, "unknown time zone " + zone);
    }
  }
}
