package io.hubspoke.lab;

import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.lab.join.PublicKeyPins;
import io.hubspoke.lab.join.TokenSecret;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.GoDuration;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** Makes, shows and deletes bootstrap tokens, as {@code kubeadm token} does. */
@Command(
    name = "token",
    mixinStandardHelpOptions = true,
    description = "Manages the tokens by which nodes join a cluster.",
    subcommands = {
      TokenCommand.Create.class,
      TokenCommand.ListTokens.class,
      TokenCommand.Delete.class,
      TokenCommand.Generate.class
    },
    footer = {
      "",
      "Example:",
      "  hubspoke token create --kubeconfig lab/admin.kubeconfig --print-join-command"
    })
final class TokenCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--kubeconfig",
      scope = ScopeType.INHERIT,
      paramLabel = "FILE",
      description =
          "Who asks, and which cluster (default: the file that KUBECONFIG names, or"
              + " lab/admin.kubeconfig).")
  private Path kubeconfig;

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  private interface Work<T> {
    T with(ApiClient client) throws Exception;
  }

  private Kubeconfig kubeconfig() throws IOException {
    var environment = System.getenv("KUBECONFIG");
    var file =
        kubeconfig != null
            ? kubeconfig
            : Path.of(
                environment == null || environment.isEmpty()
                    ? "lab/admin.kubeconfig"
                    : environment);
    return Kubeconfig.read(file);
  }

  private <T> T ask(Work<T> work) throws Exception {
    var config = ClientConfig.of(kubeconfig()).withUserAgent("hubspoke-token");
    var vertx = Component.vertx();
    var client = new ApiClient(vertx, config);
    try {
      return work.with(client);
    } finally {
      Component.await(client.close().otherwiseEmpty());
      Mesh.close(vertx);
    }
  }

  /** Makes a token. */
  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = "Makes a token valid, a random one if none is given.",
      footer = {
        "",
        "Example:",
        "  hubspoke token create --ttl 2h --description 'for the laptop' --print-join-command"
      })
  static final class Create implements Callable<Integer> {
    private static final Pattern GROUP =
        Pattern.compile("\\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\\z");

    @Spec private CommandSpec spec;

    @ParentCommand private TokenCommand parent;

    @Parameters(arity = "0..1", paramLabel = "TOKEN", description = "The token to make valid.")
    private String given;

    @Option(
        names = "--ttl",
        converter = GoDuration.class,
        paramLabel = "DURATION",
        description = "How long it is valid; 0 for ever (default: 24h0m0s).")
    private Duration ttl = Duration.ofHours(24);

    @Option(names = "--description", paramLabel = "TEXT", description = "What it is for.")
    private String description = "";

    @Option(
        names = "--usages",
        split = ",",
        paramLabel = "USAGE",
        description = "What it may be used for (default: signing,authentication).")
    private List<String> usages = TokenSecret.USAGES;

    @Option(
        names = "--groups",
        split = ",",
        paramLabel = "GROUP",
        description = "Groups of its bearer (default: " + TokenSecret.DEFAULT_GROUP + ").")
    private List<String> groups = List.of(TokenSecret.DEFAULT_GROUP);

    @Option(
        names = "--print-join-command",
        description = "Print the command with which a node joins, instead of the token alone.")
    private boolean printJoinCommand;

    @Override
    public Integer call() throws Exception {
      var secret = secret();
      var out = spec.commandLine().getOut();
      String said =
          parent.ask(
              client -> {
                var command = printJoinCommand ? joinCommand(client, secret.token()) : "";
                create(client, secret);
                return printJoinCommand ? command : secret.token().value();
              });
      out.println(said);
      out.flush();
      return 0;
    }

    private TokenSecret secret() {
      try {
        var token = given == null ? JoinToken.generate() : JoinToken.parse(given);
        for (var usage : usages) {
          if (!TokenSecret.USAGES.contains(usage)) {
            throw new IllegalArgumentException(
                "--usages: \"" + usage + "\" is not one of signing, authentication");
          }
        }
        for (var group : groups) {
          if (!GROUP.matcher(group).matches()) {
            throw new IllegalArgumentException(
                "--groups: \"" + group + "\" is not of the form \"" + GROUP + "\"");
          }
        }
        var expiration = ttl.isZero() ? null : Instant.now().plus(ttl);
        return new TokenSecret(token, expiration, description, usages, groups);
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
    }

    private static void create(ApiClient client, TokenSecret secret) throws Exception {
      try {
        Component.await(client.create(Resource.SECRETS, TokenSecret.NAMESPACE, secret.object()));
      } catch (ApiException e) {
        throw e.reason().equals("AlreadyExists")
            ? new IOException("a token with id \"" + secret.token().id() + "\" already exists", e)
            : e;
      }
    }

    /** Says of the cluster what its own cluster-info does: nodes may have another way to it. */
    private String joinCommand(ApiClient client, JoinToken token) throws Exception {
      var kubeconfig = parent.kubeconfig().cluster();
      var cluster = new ClusterInfo(kubeconfig.server(), kubeconfig.authorities());
      try {
        var map =
            Component.await(
                client.get(Resource.CONFIG_MAPS.tree(), ClusterInfo.NAMESPACE, ClusterInfo.NAME));
        cluster = ClusterInfo.parse(map.path("data").path(ClusterInfo.KUBECONFIG).asText());
      } catch (ApiException e) {
        if (e.code() != 404) {
          throw e;
        }
      }
      return "hubspoke join %s --token %s %s"
          .formatted(
              URI.create(cluster.server()).getAuthority(),
              token.value(),
              cluster.authorities().stream()
                  .map(ca -> "--discovery-token-ca-cert-hash " + PublicKeyPins.of(ca))
                  .collect(Collectors.joining(" ")));
    }
  }

  /** Shows the tokens. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Shows the tokens that there are.",
      footer = {"", "Example:", "  hubspoke token list --kubeconfig lab/admin.kubeconfig"})
  static final class ListTokens implements Callable<Integer> {
    private static final int SPACE = 3;
    private static final int NARROWEST = 10;

    @Spec private CommandSpec spec;

    @ParentCommand private TokenCommand parent;

    @Override
    public Integer call() throws Exception {
      var which =
          ListOptions.inNamespace(TokenSecret.NAMESPACE)
              .withFieldSelector("type=" + TokenSecret.TYPE);
      var tokens =
          parent.ask(client -> Component.await(client.list(Resource.SECRETS, which)).objects());
      var rows = new ArrayList<List<String>>();
      tokens.stream()
          .flatMap(secret -> TokenSecret.of(secret).stream())
          .sorted(Comparator.comparing(secret -> secret.token().id()))
          .forEach(secret -> rows.add(row(secret)));
      if (!rows.isEmpty()) {
        rows.addFirst(List.of("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"));
      }
      print(rows, spec.commandLine().getOut());
      return 0;
    }

    private static List<String> row(TokenSecret secret) {
      var expiration = secret.expiration();
      return List.of(
          secret.token().value(),
          expiration == null ? "<forever>" : left(Duration.between(Instant.now(), expiration)),
          expiration == null ? "<never>" : expiration.toString(),
          orNone(String.join(",", secret.usages())),
          orNone(secret.description()),
          orNone(String.join(",", secret.groups())));
    }

    /** As kubectl shows short times: of the largest unit alone. */
    private static String left(Duration time) {
      if (time.isNegative()) {
        return "<invalid>";
      }
      return time.toMinutes() < 1
          ? time.toSeconds() + "s"
          : time.toHours() < 1
              ? time.toMinutes() + "m"
              : time.toDays() < 1
                  ? time.toHours() + "h"
                  : time.toDays() < 365 ? time.toDays() + "d" : time.toDays() / 365 + "y";
    }

    private static String orNone(String text) {
      return text.isEmpty() ? "<none>" : text;
    }

    private static void print(List<List<String>> rows, PrintWriter out) {
      for (var row : rows) {
        var line = new StringBuilder();
        for (var column = 0; column < row.size() - 1; column++) {
          int at = column;
          int widest = rows.stream().mapToInt(r -> r.get(at).length()).max().orElse(0);
          var cell = row.get(column);
          line.append(cell).append(" ".repeat(Math.max(NARROWEST, widest + SPACE) - cell.length()));
        }
        out.println(line.append(row.getLast()));
      }
      out.flush();
    }
  }

  /** Deletes tokens. */
  @Command(
      name = "delete",
      mixinStandardHelpOptions = true,
      description = "Deletes tokens, named whole or by the part before the dot.",
      footer = {"", "Example:", "  hubspoke token delete abcdef"})
  static final class Delete implements Callable<Integer> {
    private static final Pattern ID = Pattern.compile("[a-z0-9]{6}");

    @Spec private CommandSpec spec;

    @ParentCommand private TokenCommand parent;

    @Parameters(arity = "1..*", paramLabel = "TOKEN", description = "The tokens.")
    private List<String> tokens;

    @Override
    public Integer call() throws Exception {
      var ids = tokens.stream().map(this::id).toList();
      parent.ask(
          client -> {
            for (var id : ids) {
              delete(client, id);
              spec.commandLine().getOut().println("bootstrap token \"" + id + "\" deleted");
            }
            return null;
          });
      spec.commandLine().getOut().flush();
      return 0;
    }

    private static void delete(ApiClient client, String id) throws Exception {
      try {
        Component.await(
            client.delete(
                Resource.SECRETS,
                TokenSecret.NAMESPACE,
                TokenSecret.name(id),
                DeleteOptions.DEFAULT));
      } catch (ApiException e) {
        throw new IOException(
            e.code() == 404
                ? "there is no bootstrap token \"" + id + "\""
                : "failed to delete bootstrap token \"" + id + "\": " + e.getMessage(),
            e);
      }
    }

    private String id(String token) {
      try {
        return ID.matcher(token).matches() ? token : JoinToken.parse(token).id();
      } catch (IllegalArgumentException e) {
        throw new ParameterException(
            spec.commandLine(),
            "given token didn't match pattern \"[a-z0-9]{6}\" or \"[a-z0-9]{6}.[a-z0-9]{16}\"",
            e);
      }
    }
  }

  /** Prints a token that is valid nowhere yet. */
  @Command(
      name = "generate",
      mixinStandardHelpOptions = true,
      description = "Prints a random token, for token create; no cluster is asked.",
      footer = {"", "Example:", "  hubspoke token create $(hubspoke token generate)"})
  static final class Generate implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
      spec.commandLine().getOut().println(JoinToken.generate().value());
      spec.commandLine().getOut().flush();
      return 0;
    }
  }
}
