package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * What part of a container's log is asked for; strings are empty and numbers null when not given.
 */
record PodLogOptions(
    String container,
    boolean follow,
    boolean previous,
    boolean timestamps,
    Long sinceSeconds,
    String sinceTime,
    Long tailLines,
    Long limitBytes,
    boolean insecureSkipTlsVerifyBackend) {

  /**
   * Reads the query.
   *
   * @throws io.hubspoke.api.ApiException 400 on what can't be read, 422 on what makes no sense
   */
  static PodLogOptions of(ApiRequest request) {
    PodLogOptions options =
        new PodLogOptions(
            request.param("container"),
            request.flag("follow"),
            request.flag("previous"),
            request.flag("timestamps"),
            number(request.param("sinceSeconds")),
            time(request.param("sinceTime")),
            number(request.param("tailLines")),
            number(request.param("limitBytes")),
            request.flag("insecureSkipTLSVerifyBackend"));
    options.validate(request.info().name());
    return options;
  }

  /** Returns the query of the kubelet's {@code /containerLogs}. */
  String query() {
    List<String> terms = new ArrayList<>();
    if (follow) {
      terms.add("follow=true");
    }
    if (limitBytes != null) {
      terms.add("limitBytes=" + limitBytes);
    }
    if (previous) {
      terms.add("previous=true");
    }
    if (sinceSeconds != null) {
      terms.add("sinceSeconds=" + sinceSeconds);
    }
    if (!sinceTime.isEmpty()) {
      terms.add("sinceTime=" + URLEncoder.encode(sinceTime, StandardCharsets.UTF_8));
    }
    if (tailLines != null) {
      terms.add("tailLines=" + tailLines);
    }
    if (timestamps) {
      terms.add("timestamps=true");
    }
    return String.join("&", terms);
  }

  private void validate(String pod) {
    List<Status.Cause> causes = new ArrayList<>();
    if (tailLines != null && tailLines < 0) {
      causes.add(invalid("tailLines", tailLines, "must be greater than or equal to 0"));
    }
    if (limitBytes != null && limitBytes < 1) {
      causes.add(invalid("limitBytes", limitBytes, "must be greater than 0"));
    }
    if (sinceSeconds != null && !sinceTime.isEmpty()) {
      causes.add(
          new Status.Cause(
              "FieldValueForbidden",
              "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
              ""));
    } else if (sinceSeconds != null && sinceSeconds < 1) {
      causes.add(invalid("sinceSeconds", sinceSeconds, "must be greater than 0"));
    }
    if (causes.isEmpty()) {
      return;
    }
    List<String> messages =
        causes.stream()
            .map(c -> c.field().isEmpty() ? c.message() : c.field() + ": " + c.message())
            .toList();
    String list = messages.size() == 1 ? messages.getFirst() : messages.toString();
    throw new Status(
            422,
            "Invalid",
            "PodLogOptions \"%s\" is invalid: %s".formatted(pod, list),
            new Status.Details(pod, "", "PodLogOptions", "", causes, 0))
        .toException();
  }

  private static Status.Cause invalid(String field, long value, String why) {
    return new Status.Cause(
        "FieldValueInvalid", "Invalid value: %d: %s".formatted(value, why), field);
  }

  private static Long number(String text) {
    if (text.isEmpty()) {
      return null;
    }
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw Status.badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax")
          .toException();
    }
  }

  private static String time(String text) {
    if (text.isEmpty()) {
      return "";
    }
    try {
      return OffsetDateTime.parse(text)
          .truncatedTo(ChronoUnit.SECONDS)
          .format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
    } catch (DateTimeException e) {
      throw Status.badRequest(
              "parsing time \"%s\": expected the form 2006-01-02T15:04:05Z".formatted(text))
          .toException();
    }
  }
}
