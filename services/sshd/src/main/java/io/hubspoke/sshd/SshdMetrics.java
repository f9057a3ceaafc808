package io.hubspoke.sshd;

import io.hubspoke.runtime.Exposition;
import io.hubspoke.runtime.ProcessMetrics;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts what an SSH server does. OpenSSH has no metrics, so the names are hubspoke's own. */
final class SshdMetrics {
  private static final String PREFIX = "hubspoke_sshd_";
  private static final String CLIENTS = PREFIX + "connected_clients";
  private static final String FORWARDED = PREFIX + "open_forwarded_connections";
  private static final String LOGINS = PREFIX + "logins_total";
  private static final String REFUSED_KEYS = PREFIX + "refused_keys_total";
  private static final String LET_GO = PREFIX + "clients_let_go_total";
  private static final String DIALS = PREFIX + "dials_total";

  /** Why a client was let go. */
  enum Reason {
    TOO_MANY_STRANGERS,
    NOT_ALIVE
  }

  /** What came of connecting to a target. */
  enum Dial {
    CONNECTED,
    PROHIBITED,
    FAILED
  }

  private final LongAdder logins = new LongAdder();
  private final LongAdder refusedKeys = new LongAdder();
  private final Map<String, LongAdder> letGo = counters(Reason.values());
  private final Map<String, LongAdder> dials = counters(Dial.values());

  private static Map<String, LongAdder> counters(Enum<?>... values) {
    Map<String, LongAdder> counters = new TreeMap<>();
    for (Enum<?> value : values) {
      counters.put(label(value), new LongAdder());
    }
    return counters;
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  void loggedIn() {
    logins.increment();
  }

  void keyRefused() {
    refusedKeys.increment();
  }

  void letGo(Reason why) {
    letGo.get(label(why)).increment();
  }

  void dialled(Dial result) {
    dials.get(label(result)).increment();
  }

  /** Returns all in Prometheus' text format. */
  String scrape(int clients, int forwarded) {
    Exposition text =
        new Exposition()
            .family(CLIENTS, "gauge", "Clients that are connected now.")
            .family(FORWARDED, "gauge", "Forwarded connections that are open now.")
            .family(LOGINS, "counter", "Clients that have logged in.")
            .family(REFUSED_KEYS, "counter", "Public keys that were offered and are not known.")
            .family(LET_GO, "counter", "Clients that were let go, by reason.")
            .family(DIALS, "counter", "Connections to targets that were asked for, by result.");
    text.add(CLIENTS, clients);
    text.add(FORWARDED, forwarded);
    text.add(LOGINS, logins.sum());
    text.add(REFUSED_KEYS, refusedKeys.sum());
    letGo.forEach((why, n) -> text.add(LET_GO, n.sum(), "reason", why));
    dials.forEach((result, n) -> text.add(DIALS, n.sum(), "result", result));
    ProcessMetrics.write(text);
    return text.text();
  }
}
