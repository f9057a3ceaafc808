package io.hubspoke.controllermanager;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.certificates.AccessReviews;
import io.hubspoke.controllermanager.certificates.CsrApprovingController;
import io.hubspoke.controllermanager.certificates.CsrSigningController;
import io.hubspoke.controllermanager.certificates.KubeletClientApprover;
import io.hubspoke.controllermanager.certificates.KubeletServingApprover;
import io.hubspoke.pki.CertificateAuthority;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** Wires controllers to the informers they share; runs on virtual threads. */
final class ControlLoops extends VerticleBase {
  private final ControllerManagerOptions options;
  private final List<Informer<?>> informers = new ArrayList<>();
  private final List<Controller> controllers = new ArrayList<>();
  private ApiClient client;

  ControlLoops(ControllerManagerOptions options) {
    this.options = options;
  }

  @Override
  public Future<?> start() throws IOException {
    var config = options.client().withUserAgent("kube-controller-manager/v1.33.0");
    client = new ApiClient(vertx, config);
    var nodes = informer(Resource.NODES, ListOptions.ALL);
    certificates(nodes);
    // Handlers are registered by now, so none misses the first list.
    informers.forEach(Informer::start);
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    var ended = new ArrayList<Future<Void>>();
    informers.forEach(informer -> ended.add(informer.stop()));
    controllers.forEach(controller -> ended.add(controller.stop()));
    // Requests in flight fail now, so that the loops that wait for them end.
    return client.close().eventually(() -> Future.join(ended));
  }

  private void certificates(Informer<io.fabric8.kubernetes.api.model.Node> nodes)
      throws IOException {
    var requests = informer(Resource.CERTIFICATE_SIGNING_REQUESTS, ListOptions.ALL);
    var approvers = new ArrayList<CsrApprovingController.Approver>();
    approvers.add(new KubeletClientApprover(new AccessReviews(client)));
    if (options.approveKubeletServing()) {
      approvers.add(new KubeletServingApprover(name -> nodes.get("", name), Clock.systemUTC()));
    }
    controllers.add(new CsrApprovingController(client, context, requests, approvers));
    if (options.clusterSigningCertFile() != null) {
      var authority =
          CertificateAuthority.read(
              options.clusterSigningCertFile(), options.clusterSigningKeyFile());
      controllers.add(
          new CsrSigningController(
              client, context, requests, authority, options.clusterSigningDuration()));
    }
  }

  private <T> Informer<T> informer(Resource<T> resource, ListOptions which) {
    var informer = new Informer<>(client, resource, which, context);
    informers.add(informer);
    return informer;
  }
}
