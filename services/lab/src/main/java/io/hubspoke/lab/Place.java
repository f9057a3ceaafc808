package io.hubspoke.lab;

import io.vertx.core.Vertx;
import java.util.concurrent.Callable;

/**
 * Where on a mesh's network somebody stands who asks: his address, and what opens sockets there.
 */
public interface Place {
  /** The machine of the apiserver, and of what is beside it. */
  String CONTROL_PLANE = "control-plane";

  /** The machine of the scheduler. */
  String SCHEDULER = "scheduler";

  /** The machine of the controller manager. */
  String CONTROLLER_MANAGER = "controller-manager";

  /** The address that he calls from. */
  String address();

  /** Opens sockets there from its event loops. */
  Vertx vertx();

  /** Does something whose sockets are opened there; blocks. */
  <T> T call(Callable<T> work) throws Exception;
}
