package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.Proxier;
import io.hubspoke.kubeproxy.ProxierFactory.Surroundings;
import io.hubspoke.kubeproxy.ProxierFactory.Warnings;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the kernel forward, by a table of nftables in the network namespace where it runs.
 * Connections that there are already don't come by its rules any more, so that they survive every
 * change.
 */
public final class NftablesProxier implements Proxier {
  private static final Logger LOG = LoggerFactory.getLogger(NftablesProxier.class);

  /** As often as kube-proxy programs everything anew by its {@code --iptables-sync-period}. */
  private static final Duration CHECK_PERIOD = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final Duration checkPeriod;
  private final Supplier<NftablesOptions> wishes;
  private final Warnings warnings;
  // What follows is used by one piece of blocking work at a time.
  private final List<ProgrammedTable> tables = new ArrayList<>();
  private NftablesOptions options;
  private Nft nft;
  private List<ServiceRule> latest = List.of();
  private volatile long check = -1;
  private Future<Void> last = Future.succeededFuture();

  /** Makes one that programs the network namespace of this process. */
  public NftablesProxier(Surroundings surroundings) {
    this(
        surroundings.vertx(),
        () -> NftablesOptions.of(surroundings.options(), surroundings.nodeAddresses().get()),
        surroundings.warnings());
  }

  /**
   * Makes one.
   *
   * @param wishes the options, asked for with each apply
   */
  public NftablesProxier(Vertx vertx, Supplier<NftablesOptions> wishes, Warnings warnings) {
    this(vertx, wishes, warnings, CHECK_PERIOD);
  }

  NftablesProxier(
      Vertx vertx, Supplier<NftablesOptions> wishes, Warnings warnings, Duration checkPeriod) {
    this.vertx = vertx;
    this.checkPeriod = checkPeriod;
    this.wishes = wishes;
    this.warnings = warnings;
    this.options = wishes.get();
  }

  /**
   * Returns in one line why this can't be had here, empty when it can. Changes nothing; blocks for
   * some milliseconds.
   */
  public static Optional<String> hindrance(NftablesOptions options) {
    return Nft.hindrance(options.prefix());
  }

  @Override
  public String mode() {
    return ProxyMode.NFTABLES.value();
  }

  /**
   * Fails where the packet filter can't be programmed. What an earlier run has left goes on to
   * forward until the first rules replace it.
   */
  @Override
  public Future<Void> start() {
    return next(
        () -> {
          nft = Nft.find(options.prefix());
          var hindrance = hindrance(options);
          if (hindrance.isPresent()) {
            throw new IOException(hindrance.get());
          }
          if (Conntrack.find(options.prefix()).isEmpty()) {
            LOG.warn(
                "conntrack is not on the PATH (Debian: apt-get install conntrack): UDP clients may"
                    + " go on to talk to endpoints that have gone");
          }
          check = vertx.setPeriodic(checkPeriod.toMillis(), id -> check());
        });
  }

  /** Programs again what somebody else has deleted, by flushing all rules for instance. */
  private void check() {
    next(() -> {
          if (!tables.isEmpty() && !nft.has(out -> verbs(out, options, List.of("delete")))) {
            LOG.warn(
                "table {} was deleted by somebody else: it is programmed anew", options.table());
            tables.clear();
            options.families().forEach(this::add);
            program(latest);
          }
        })
        .onFailure(e -> LOG.warn("the rules could not be programmed anew: {}", e.getMessage()));
  }

  private void add(Family family) {
    tables.add(new ProgrammedTable(family, options));
  }

  /**
   * Programs what has changed, as one transaction for each kind of IP. When one fails, nothing of
   * it is done, and everything is programmed anew at once; when that fails too, with the next
   * rules.
   */
  @Override
  public Future<Void> apply(List<ServiceRule> rules) {
    List<ServiceRule> wanted = List.copyOf(rules);
    return next(
        () -> {
          latest = wanted;
          var wished = wishes.get();
          if (!wished.equals(options)) {
            options = wished;
            tables.clear();
          }
          if (!tables.isEmpty()) {
            try {
              program(wanted);
              return;
            } catch (IOException e) {
              LOG.warn(
                  "programming the whole table, since a change of it failed: {}", e.getMessage());
            }
          }
          options.families().forEach(this::add);
          program(wanted);
        });
  }

  /** Deletes the tables. */
  @Override
  public Future<Void> stop() {
    vertx.cancelTimer(check);
    return next(
        () -> {
          tables.clear();
          if (nft != null) {
            delete(nft, options);
          }
        });
  }

  /**
   * Deletes the tables of whatever run made them, for the kinds of IP that are asked for; blocks.
   *
   * @throws IOException when nft can't
   */
  public static void cleanUp(NftablesOptions options) throws IOException {
    delete(Nft.find(options.prefix()), options);
  }

  private static void delete(Nft nft, NftablesOptions options) throws IOException {
    // Deleting what isn't there would fail.
    nft.run(out -> verbs(out, options, List.of("add", "delete")));
  }

  private static void verbs(Appendable out, NftablesOptions options, List<String> verbs)
      throws IOException {
    for (Family family : options.families()) {
      for (String verb : verbs) {
        out.append(verb).append(" table ").append(family.keyword).append(' ');
        out.append(options.table()).append('\n');
      }
    }
  }

  private void program(List<ServiceRule> rules) throws IOException {
    List<ServiceRule> changed = new ArrayList<>();
    List<ServiceRule> gone = new ArrayList<>();
    List<Transaction> transactions = new ArrayList<>();
    for (var table : tables) {
      var transaction = table.change(rules, changed::add, gone::add, warnings);
      if (!transaction.isEmpty()) {
        transactions.add(transaction);
      }
    }
    if (!transactions.isEmpty()) {
      try {
        nft.run(
            out -> {
              for (var transaction : transactions) {
                transaction.writeTo(out);
              }
            });
      } catch (IOException e) {
        tables.clear();
        throw e;
      }
    }
    forgetFlows(changed, gone);
  }

  private void forgetFlows(List<ServiceRule> changed, List<ServiceRule> gone) {
    var conntrack = Conntrack.find(options.prefix());
    if (conntrack.isPresent()) {
      try {
        conntrack.get().forget(changed, gone);
      } catch (IOException e) {
        LOG.warn("UDP clients may go on to talk to endpoints that have gone: {}", e.getMessage());
      }
    }
  }

  /** Does blocking work when all that was asked for before is done. */
  private synchronized Future<Void> next(Work work) {
    last =
        last.transform(
            before ->
                vertx.executeBlocking(
                    () -> {
                      work.run();
                      return null;
                    },
                    false));
    return last;
  }

  @FunctionalInterface
  private interface Work {
    void run() throws IOException;
  }
}
