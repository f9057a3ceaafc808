package io.hubspoke.controllermanager.certificates;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;

/** Has one job done for every certificate signing request that comes or changes. */
public final class RequestLoop implements Controller {
  private final ControlLoop<String> loop;

  /** What is done for a request. */
  public interface Job {
    /**
     * Looks at the request and changes what differs; may wait.
     *
     * @return how soon to look again though nothing may have happened; zero for not at all
     */
    Duration reconcile(Request request);
  }

  /**
   * @param workers how many requests are worked on at a time
   */
  public RequestLoop(
      String name,
      Context context,
      int workers,
      Informer<CertificateSigningRequest> requests,
      Job job) {
    this.loop =
        new ControlLoop<>(
            name,
            context,
            workers,
            key -> {
              var object = requests.get("", key);
              return object == null ? Duration.ZERO : job.reconcile(new Request(object));
            });
    requests.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }
}
