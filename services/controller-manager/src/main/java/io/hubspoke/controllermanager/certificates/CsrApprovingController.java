package io.hubspoke.controllermanager.certificates;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Resource;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks its approvers about every pending request, and records the first decision. */
public final class CsrApprovingController implements RequestLoop.Job {
  private static final Logger LOG = LoggerFactory.getLogger(CsrApprovingController.class);
  private static final Duration LATER = Duration.ofSeconds(1);

  private final ApiClient client;
  private final EventRecorder events;
  private final List<Approver> approvers;

  public CsrApprovingController(ApiClient client, List<? extends Approver> approvers) {
    this.client = client;
    this.events = new EventRecorder(client, "certificate-controller", "");
    this.approvers = List.copyOf(approvers);
  }

  @Override
  public Duration reconcile(Request request) {
    if (request.isIssued()
        || request.has(Request.APPROVED)
        || request.has(Request.DENIED)
        || request.has(Request.FAILED)) {
      return Duration.ZERO;
    }
    for (var approver : approvers) {
      switch (approver.decide(request)) {
        case Decision.Approve(var message) -> {
          record(request, Request.APPROVED, "AutoApproved", message);
          return Duration.ZERO;
        }
        case Decision.Deny(var reason, var message) -> {
          LOG.info(
              "denied certificate request {} of {}: {}",
              request.name(),
              request.username(),
              message);
          record(request, Request.DENIED, reason, message);
          return Duration.ZERO;
        }
        case Decision.Later(var message) -> {
          LOG.debug("certificate request {} waits: {}", request.name(), message);
          return LATER;
        }
        case Decision.Hold(var type, var reason, var message) -> {
          hold(request, type, reason, message);
          return LATER;
        }
        case Decision.Leave() -> {}
      }
    }
    return Duration.ZERO;
  }

  /** Says once, in the request itself and by an event, what it waits for. */
  private void hold(Request request, String type, String reason, String message) {
    if (request.has(type)) {
      return;
    }
    LOG.warn("certificate request {} of {} waits: {}", request.name(), request.username(), message);
    client
        .updateStatus(
            Resource.CERTIFICATE_SIGNING_REQUESTS,
            "",
            request.name(),
            request.with(type, reason, message))
        .await();
    events.warning(EventRecorder.Regarding.of(request.object()), reason, message);
  }

  private void record(Request request, String type, String reason, String message) {
    client
        .updateSubresource(
            Resource.CERTIFICATE_SIGNING_REQUESTS,
            "",
            request.name(),
            "approval",
            request.with(type, reason, message))
        .await();
  }
}
