package io.hubspoke.lab.scale;

import io.hubspoke.api.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Does in this process what the other end of its input orders, and reports twice a second. */
public final class PoolServer {
  private static final long REPORT_MILLIS = 500;

  private final NodePool pool;
  private final PrintStream out;

  public PoolServer(NodePool pool, PrintStream out) {
    this.pool = pool;
    this.out = out;
  }

  /** Serves until the input ends. */
  public void serve(BufferedReader orders) throws IOException {
    var reporting = Thread.ofVirtual().start(this::reportOften);
    try {
      for (var line = orders.readLine(); line != null; line = orders.readLine()) {
        var json = Json.parseObject(line.getBytes(StandardCharsets.UTF_8));
        var id = json.path("id").asInt();
        (switch (PoolOrder.of(json)) {
              case PoolOrder.Start(var nodes) -> pool.start(nodes);
              case PoolOrder.Stop(var nodes) -> pool.stop(nodes);
            })
            .onComplete(done -> say(id));
      }
    } finally {
      reporting.interrupt();
    }
  }

  private void reportOften() {
    try {
      while (true) {
        TimeUnit.MILLISECONDS.sleep(REPORT_MILLIS);
        say(0);
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void say(int done) {
    out.println(pool.report().json().put("done", done));
    out.flush();
  }
}
