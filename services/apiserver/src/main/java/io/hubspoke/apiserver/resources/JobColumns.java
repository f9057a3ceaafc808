package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The tables of jobs and of what starts them. */
final class JobColumns {
  private static final List<String> DECISIVE = List.of("Complete", "Failed");
  private static final List<String> PASSING = List.of("Suspended", "FailureTarget");

  private JobColumns() {}

  static TableColumns jobs() {
    return WorkloadColumns.template(
        ColumnList.named()
            .text("Status", "How far it is.", JobColumns::state)
            .text("Completions", "Pods that succeeded, of those needed.", JobColumns::completions)
            .text("Duration", "How long it took, or takes so far.", 0, JobColumns::duration)
            .age(),
        job -> job.path("spec"),
        true);
  }

  static TableColumns cronJobs() {
    return WorkloadColumns.template(
        ColumnList.named()
            .text("Schedule", "When it starts jobs.", o -> spec(o, "schedule").asText(""))
            .text(
                "Timezone",
                "The time zone of the schedule.",
                o -> spec(o, "timeZone").asText("<none>"))
            .text("Suspend", "Whether it starts none for now.", JobColumns::suspended)
            .number(
                "Active", "Jobs that are running.", 0, o -> o.path("status").path("active").size())
            .text("Last Schedule", "When it last started one.", 0, JobColumns::lastSchedule)
            .age(),
        cronJob -> cronJob.path("spec").path("jobTemplate").path("spec"),
        true);
  }

  private static String state(ObjectNode job) {
    for (String type : DECISIVE) {
      if (has(job, type)) {
        return type;
      }
    }
    if (Meta.deleting(job)) {
      return "Terminating";
    }
    return PASSING.stream().filter(type -> has(job, type)).findFirst().orElse("Running");
  }

  private static boolean has(ObjectNode job, String type) {
    for (JsonNode condition : job.path("status").path("conditions")) {
      if (condition.path("type").asText("").equals(type)) {
        return condition.path("status").asText("").equals("True");
      }
    }
    return false;
  }

  private static String completions(ObjectNode job) {
    int succeeded = job.path("status").path("succeeded").asInt();
    if (job.path("spec").has("completions")) {
      return succeeded + "/" + spec(job, "completions").asInt();
    }
    int parallelism = spec(job, "parallelism").asInt();
    return parallelism > 1 ? succeeded + "/1 of " + parallelism : succeeded + "/1";
  }

  private static String duration(ObjectNode job, Instant now) {
    String start = job.path("status").path("startTime").asText("");
    String end = job.path("status").path("completionTime").asText("");
    if (start.isEmpty()) {
      return "";
    }
    try {
      Instant until = end.isEmpty() ? now : Instant.parse(end);
      return Age.human(Duration.between(Instant.parse(start), until));
    } catch (DateTimeException e) {
      return "<unknown>";
    }
  }

  private static String suspended(ObjectNode cronJob) {
    JsonNode suspend = spec(cronJob, "suspend");
    return suspend.isMissingNode() ? "<unset>" : suspend.asBoolean() ? "True" : "False";
  }

  private static String lastSchedule(ObjectNode cronJob, Instant now) {
    String last = cronJob.path("status").path("lastScheduleTime").asText("");
    return last.isEmpty() ? "<none>" : Age.since(last, now);
  }

  private static JsonNode spec(ObjectNode object, String field) {
    return object.path("spec").path(field);
  }
}
