package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks its approvers about every pending request, and records the first decision. */
public final class CsrApprovingController implements Controller {
  private static final Logger LOG = LoggerFactory.getLogger(CsrApprovingController.class);
  private static final Duration LATER = Duration.ofSeconds(1);

  /** Decides on the requests it knows, and leaves the others. */
  public interface Approver {
    Decision decide(Request request);
  }

  private final ApiClient client;
  private final Informer<CertificateSigningRequest> requests;
  private final List<Approver> approvers;
  private final ControlLoop<String> loop;

  public CsrApprovingController(
      ApiClient client,
      Context context,
      Informer<CertificateSigningRequest> requests,
      List<Approver> approvers) {
    this.client = client;
    this.requests = requests;
    this.approvers = List.copyOf(approvers);
    this.loop = new ControlLoop<>("csrapproving", context, 4, this::reconcile);
    requests.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String name) {
    var object = requests.get("", name);
    if (object == null) {
      return Duration.ZERO;
    }
    var request = new Request(object);
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
          LOG.info("denied certificate request {} of {}: {}", name, request.username(), message);
          record(request, Request.DENIED, reason, message);
          return Duration.ZERO;
        }
        case Decision.Later(var message) -> {
          LOG.debug("certificate request {} waits: {}", name, message);
          return LATER;
        }
        case Decision.Leave() -> {}
      }
    }
    return Duration.ZERO;
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
