package io.hubspoke.kubeproxy;

import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Supplier;

/** Makes what forwards. */
@FunctionalInterface
public interface ProxierFactory {
  /** Makes it; {@link Proxier#start} is still to be called. Fails when the machine has it not. */
  Future<Proxier> create(Surroundings surroundings);

  /**
   * What a proxier finds on its node.
   *
   * @param nodeAddresses the node's own addresses as far as they are known now; read at each apply,
   *     which a change of them brings about
   */
  record Surroundings(
      Vertx vertx,
      KubeProxyOptions options,
      Supplier<List<InetAddress>> nodeAddresses,
      Warnings warnings) {}

  /** Hears of what cannot be forwarded; may be called from any thread, and never blocks. */
  @FunctionalInterface
  interface Warnings {
    /**
     * Tells of it in the log, and in an event of the service.
     *
     * @param reason in one word, such as {@code FailedToBind}
     */
    void warn(ServicePortName service, String reason, String message);
  }
}
