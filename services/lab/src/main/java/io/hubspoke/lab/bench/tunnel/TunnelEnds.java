package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.tunnel.Dialer;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Both ends of one way, in processes of their own, and what dials through them. */
public interface TunnelEnds extends AutoCloseable {
  /** Returns the way's name. */
  String way();

  /** Returns what dials as the apiserver would. */
  Dialer dialer();

  /** Returns the processes between the dialer and the target in that order, by what they are. */
  Map<String, ServerProcess> processes();

  /** Returns the options by which curl takes this way; null where it can't. */
  List<String> curl();

  /**
   * Starts a server of TLS alone, with the certificates that curl meets and shows on this way; null
   * where it meets none, or there is no such server.
   */
  default BareTls bareTls() throws IOException, InterruptedException {
    return null;
  }

  @Override
  void close() throws IOException;
}
