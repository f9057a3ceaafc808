package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Csr;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;

/**
 * Signs approved requests for the signers of {@link SignerName}, and marks those that break their
 * signer's rules as failed. Requests for other signers belong to others.
 */
public final class CsrSigningController implements Controller {
  private final ApiClient client;
  private final Informer<CertificateSigningRequest> requests;
  private final CertificateSigner signer;
  private final ControlLoop<String> loop;

  public CsrSigningController(
      ApiClient client,
      Context context,
      Informer<CertificateSigningRequest> requests,
      CertificateAuthority authority,
      Duration longest) {
    this.client = client;
    this.requests = requests;
    this.signer = new CertificateSigner(authority, longest, Clock.systemUTC());
    this.loop = new ControlLoop<>("csrsigning", context, 4, this::reconcile);
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
    if (!request.has(Request.APPROVED)
        || request.has(Request.DENIED)
        || request.has(Request.FAILED)
        || request.isIssued()
        || request.signer().isEmpty()) {
      return Duration.ZERO;
    }
    client
        .updateStatus(
            Resource.CERTIFICATE_SIGNING_REQUESTS,
            "",
            name,
            decide(request, request.signer().get()))
        .await();
    return Duration.ZERO;
  }

  private CertificateSigningRequest decide(Request request, SignerName name) {
    try {
      Csr csr = request.csr();
      var refusal = name.refusal(csr, request.usages());
      return refusal.isPresent()
          ? failed(request, refusal.get())
          : request.withCertificate(
              signer.sign(
                  csr, request.usages(), request.object().getSpec().getExpirationSeconds()));
    } catch (IllegalArgumentException e) {
      return failed(request, e.getMessage());
    }
  }

  private static CertificateSigningRequest failed(Request request, String message) {
    return request.with(Request.FAILED, "SignerValidationFailure", message);
  }
}
