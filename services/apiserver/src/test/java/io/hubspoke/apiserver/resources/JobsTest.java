package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jobs and cron jobs are completed, refused and changed as Kubernetes does it. */
class JobsTest {
  private static final String TEMPLATE =
      "'template':{'metadata':{'labels':{'app':'x'}},'spec':{'restartPolicy':'Never',"
          + "'containers':[{'name':'c','image':'a/b:1'}]}}";
  private static final String JOB =
      "{'metadata':{'name':'j','uid':'u-1'},'spec':{" + TEMPLATE + "}}";
  private static final Written JOBS = Written.as(WorkloadResources.JOBS);
  private static final Written CRON_JOBS = Written.as(WorkloadResources.CRON_JOBS);

  @Test
  void aJobSelectsItsOwnPods() {
    ObjectNode job = JOBS.create(JOB);
    JsonNode spec = job.path("spec");
    assertThat(spec.path("selector"))
        .isEqualTo(json("{'matchLabels':{'batch.kubernetes.io/controller-uid':'u-1'}}"));
    assertThat(spec.path("template").path("metadata").path("labels"))
        .isEqualTo(
            json(
                "{'app':'x','job-name':'j','batch.kubernetes.io/job-name':'j',"
                    + "'controller-uid':'u-1','batch.kubernetes.io/controller-uid':'u-1'}"));
    assertThat(job.path("metadata").path("labels")).isEqualTo(json("{'app':'x'}"));
    assertThat(WorkloadResources.JOBS.strategy().validate(job)).isEmpty();
    assertThat(spec.path("completions").asInt()).isEqualTo(1);
    assertThat(spec.path("parallelism").asInt()).isEqualTo(1);
    assertThat(spec.path("backoffLimit").asInt()).isEqualTo(6);
    assertThat(spec.path("completionMode").asText()).isEqualTo("NonIndexed");
    assertThat(spec.path("podReplacementPolicy").asText()).isEqualTo("TerminatingOrFailed");
    assertThat(spec.path("suspend").asBoolean(true)).isFalse();
  }

  @Test
  void aLabelThatIsTheServersToSetMustBeAsTheServerSetsIt() {
    assertThat(JOBS.errors(JOB.replace("'app':'x'", "'job-name':'k'")))
        .containsExactly(
            "spec.template.metadata.labels[job-name]: Invalid value:"
                + " {\"job-name\":\"k\",\"batch.kubernetes.io/job-name\":\"j\","
                + "\"controller-uid\":\"u-1\",\"batch.kubernetes.io/controller-uid\":\"u-1\"}:"
                + " must be 'j'");
    assertThat(
            JOBS.errors(
                JOB.replace("'spec':{'t", "'spec':{'selector':{'matchLabels':{'app':'y'}},'t")))
        .contains(
            "spec.template.metadata.labels: Invalid value: {\"app\":\"x\",\"job-name\":\"j\","
                + "\"batch.kubernetes.io/job-name\":\"j\",\"controller-uid\":\"u-1\","
                + "\"batch.kubernetes.io/controller-uid\":\"u-1\"}: `selector` does not match"
                + " template `labels`");
    assertThat(JOBS.errors(JOB.replace("'spec':{'t", "'spec':{'manualSelector':true,'t")))
        .containsExactly("spec.selector: Required value");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'parallelism':-1 | spec.parallelism: Invalid value: -1: must be greater than or equal to"
            + " 0",
        "'backoffLimit':-2 | spec.backoffLimit: Invalid value: -2: must be greater than or equal to"
            + " 0",
        "'completionMode':'Odd' | spec.completionMode: Unsupported value: \"Odd\": supported"
            + " values: \"Indexed\", \"NonIndexed\"",
        "'completionMode':'Indexed','parallelism':2 | spec.completions: Required value: when"
            + " completion mode is Indexed",
        "'backoffLimitPerIndex':1 | spec.backoffLimitPerIndex: Invalid value: 1: requires indexed"
            + " completion mode",
        "'podFailurePolicy':{'rules':[{'action':'FailJob'}]} | spec.podFailurePolicy.rules[0]:"
            + " Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        "'podFailurePolicy':{'rules':[{'action':'Ignore','onExitCodes':{'operator':'In',"
            + "'values':[0]}}]} | spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid"
            + " value: 0: must not be 0 for the In operator",
      })
  void aJobsErrorsNameTheField(String spec, String error) {
    assertThat(JOBS.errors(JOB.replace("'spec':{'t", "'spec':{" + spec + ",'t")))
        .containsExactly(error);
  }

  @Test
  void aJobsPodsEnd() {
    assertThat(JOBS.errors(JOB.replace("'restartPolicy':'Never',", "")))
        .containsExactly(
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\","
                + " \"Never\"");
  }

  @Test
  void aJobsTemplateStaysAsItWas() {
    ObjectNode old = JOBS.create(JOB);
    ObjectNode wider = old.deepCopy();
    wider.withObject("spec").put("parallelism", 4);
    assertThat(JOBS.errors(old, "", wider)).isEmpty();
    ObjectNode longer = old.deepCopy();
    longer.withObject("spec").put("completions", 4);
    assertThat(JOBS.errors(old, "", longer))
        .containsExactly("spec.completions: Invalid value: 4: field is immutable");
    assertThat(JOBS.errors(old, "", json(old.toString().replace("a/b:1", "a/b:2"))))
        .singleElement()
        .asString()
        .startsWith("spec.template: Invalid value: {")
        .endsWith("}: field is immutable");
  }

  @Test
  void aJobThatWaitsMayBeScheduledElsewhere() {
    ObjectNode old = JOBS.create(JOB.replace("'spec':{'t", "'spec':{'suspend':true,'t"));
    ObjectNode moved = old.deepCopy();
    moved.withObject("spec").put("suspend", false);
    moved.withObject("/spec/template/spec").putObject("nodeSelector").put("zone", "a");
    assertThat(JOBS.errors(old, "", moved)).isEmpty();
    ObjectNode begun = old.deepCopy();
    begun.putObject("status").put("startTime", "2026-01-01T00:00:00Z");
    assertThat(JOBS.errors(begun, "", moved)).hasSize(1);
  }

  @Test
  void anIndexedJobGrowsInBothDirections() {
    ObjectNode old =
        JOBS.create(
            JOB.replace(
                "'spec':{'t",
                "'spec':{'completionMode':'Indexed','completions':2,'parallelism':2,'t"));
    ObjectNode grown = old.deepCopy();
    grown.withObject("spec").put("completions", 3).put("parallelism", 3);
    assertThat(JOBS.errors(old, "", grown)).isEmpty();
    grown.withObject("spec").put("parallelism", 2);
    assertThat(JOBS.errors(old, "", grown))
        .containsExactly(
            "spec.completions: Invalid value: 3: can only be modified in tandem with"
                + " spec.parallelism");
  }

  @Test
  void aJobThatIsCompleteSaysWhen() {
    ObjectNode old = JOBS.create(JOB);
    ObjectNode done = old.deepCopy();
    done.putObject("status")
        .put("startTime", "2026-01-01T00:00:00Z")
        .withArray("conditions")
        .addObject()
        .put("type", "Complete")
        .put("status", "True");
    assertThat(JOBS.errors(old, "status", done))
        .containsExactly(
            "status.completionTime: Required value: completionTime is required for Complete jobs");
    done.withObject("status").put("completionTime", "2026-01-01T00:01:40Z").put("succeeded", 1);
    assertThat(JOBS.errors(old, "status", done)).isEmpty();
    assertThat(WorkloadResources.JOBS.strategy().field(done, "status.successful")).isEqualTo("1");
    assertThat(WorkloadResources.JOBS.strategy().field(old, "status.successful")).isEqualTo("0");
    assertThat(JOBS.row(done.toString(), "2026-01-01T00:05:00Z"))
        .containsEntry("Status", "Complete")
        .containsEntry("Completions", "1/1")
        .containsEntry("Duration", "100s")
        .containsEntry("Selector", "batch.kubernetes.io/controller-uid=u-1");
  }

  @Test
  void aCronJobIsCompletedAndShown() {
    ObjectNode made = CRON_JOBS.create(cron("*/5 * * * *", ""));
    ObjectNode spec = (ObjectNode) made.path("spec").deepCopy();
    spec.remove("jobTemplate");
    assertThat(spec)
        .isEqualTo(
            json(
                "{'schedule':'*/5 * * * *','concurrencyPolicy':'Allow','suspend':false,"
                    + "'successfulJobsHistoryLimit':3,'failedJobsHistoryLimit':1}"));
    assertThat(WorkloadResources.CRON_JOBS.strategy().validate(made)).isEmpty();
    assertThat(CRON_JOBS.row(made.toString(), "2026-01-01T00:05:00Z"))
        .containsEntry("Schedule", "*/5 * * * *")
        .containsEntry("Timezone", "<none>")
        .containsEntry("Suspend", "False")
        .containsEntry("Active", "0")
        .containsEntry("Last Schedule", "<none>")
        .containsEntry("Selector", "<none>");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "* * * | expected exactly 5 fields, found 3: [* * *]",
        "61 * * * * | end of range (61) above maximum (59): 61",
        "5-1 * * * * | beginning of range (5) beyond end of range (1): 5-1",
        "* * 0 * * | beginning of range (0) below minimum (1): 0",
        "x * * * * | failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
        "*/0 * * * * | step of range should be a positive number: */0",
        "1/2/3 * * * * | too many slashes: 1/2/3",
        "@sometimes | unrecognized descriptor: @sometimes",
        "TZ=UTC * * * * * | cannot use TZ or CRON_TZ in schedule, use timeZone field instead",
      })
  void aScheduleThatCronDoesNotReadIsRefused(String schedule, String error) {
    assertThat(CRON_JOBS.errors(cron(schedule, "")))
        .containsExactly(
            "spec.schedule: Invalid value: \"" + schedule.replace("\"", "\\\"") + "\": " + error);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 0 1 JAN-mar SUN",
        "1,2,10-20/3 */2 ? * 1-5",
        "@daily",
        "@every 1h30m",
        "0 12 * * 0",
      })
  void whatCronReadsIsTaken(String schedule) {
    assertThat(CRON_JOBS.errors(cron(schedule, ""))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        ",'timeZone':'Mars/Olympus' | spec.timeZone: Invalid value: \"Mars/Olympus\": unknown time"
            + " zone Mars/Olympus",
        ",'timeZone':'Local' | spec.timeZone: Invalid value: \"Local\": timeZone must be an"
            + " explicit time zone as defined in https://www.iana.org/time-zones",
        ",'concurrencyPolicy':'Never' | spec.concurrencyPolicy: Unsupported value: \"Never\":"
            + " supported values: \"Allow\", \"Forbid\", \"Replace\"",
        ",'startingDeadlineSeconds':-1 | spec.startingDeadlineSeconds: Invalid value: -1: must be"
            + " greater than or equal to 0",
      })
  void aCronJobsErrorsNameTheField(String more, String error) {
    assertThat(CRON_JOBS.errors(cron("@daily", more))).containsExactly(error);
  }

  @Test
  void aJobTemplatesErrorsBeginWhereItIs() {
    assertThat(CRON_JOBS.errors(cron("@daily", "").replace("'name':'c',", "")))
        .containsExactly("spec.jobTemplate.spec.template.spec.containers[0].name: Required value");
    String longName = "n".repeat(53);
    assertThat(CRON_JOBS.errors(cron("@daily", "").replace("'cj'", "'" + longName + "'")))
        .containsExactly(
            "metadata.name: Invalid value: \""
                + longName
                + "\": must be no more than 52 characters");
  }

  private static String cron(String schedule, String more) {
    return "{'metadata':{'name':'cj'},'spec':{'schedule':'"
        + schedule
        + "'"
        + more
        + ",'jobTemplate':{'spec':{"
        + TEMPLATE
        + "}}}}";
  }
}
