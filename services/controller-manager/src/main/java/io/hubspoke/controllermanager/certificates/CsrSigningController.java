package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Csr;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signs approved requests for the signers of {@link SignerName}, and marks those that break their
 * signer's rules as failed. Requests for other signers belong to others.
 */
public final class CsrSigningController implements RequestLoop.Job {
  private static final Logger LOG = LoggerFactory.getLogger(CsrSigningController.class);
  private static final Duration LATER = Duration.ofSeconds(1);

  private final ApiClient client;
  private final CertificateSigner signer;
  private final List<Approver> checks;

  /**
   * @param authority gives the one that signs now
   * @param checks are asked again before anything is signed, since what an approval was given for
   *     may have changed meanwhile, and it may be anybody's who may approve
   */
  public CsrSigningController(
      ApiClient client,
      Supplier<CertificateAuthority> authority,
      Duration longest,
      List<? extends Approver> checks) {
    this.client = client;
    this.signer = new CertificateSigner(authority, longest, Clock.systemUTC());
    this.checks = List.copyOf(checks);
  }

  @Override
  public Duration reconcile(Request request) {
    if (!request.has(Request.APPROVED)
        || request.has(Request.DENIED)
        || request.has(Request.FAILED)
        || request.isIssued()
        || request.signer().isEmpty()) {
      return Duration.ZERO;
    }
    for (var check : checks) {
      switch (check.decide(request)) {
        case Decision.Deny(var reason, var message) -> {
          LOG.warn(
              "signs no certificate request {} of {}, though approved: {}",
              request.name(),
              request.username(),
              message);
          write(failed(request, message));
          return Duration.ZERO;
        }
        case Decision.Later(var message) -> {
          LOG.debug("certificate request {} waits: {}", request.name(), message);
          return LATER;
        }
        case Decision.Approve(var message) -> {}
        case Decision.Leave() -> {}
        // Approved by somebody who has read it.
        case Decision.Hold(var type, var reason, var message) -> {}
      }
    }
    write(decide(request, request.signer().get()));
    return Duration.ZERO;
  }

  private void write(CertificateSigningRequest settled) {
    client
        .updateStatus(
            Resource.CERTIFICATE_SIGNING_REQUESTS, "", settled.getMetadata().getName(), settled)
        .await();
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
