package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.pki.CertificateProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * C4, C5, C6: the apiserver fetches a page from a node, pod or service for a caller ("apiserver to
 * nodes, pods, and services"): in clear, or over HTTPS whose certificate it doesn't verify (C4s,
 * C5s, C6s). It shows no credentials either way.
 */
public final class ProxyRoute implements Route {
  private static final String PATH = "/page?of=contents";

  private final ProxyTarget target;
  private final boolean tls;
  private final Egress egress;

  private ProxyRoute(ProxyTarget target, boolean tls, Egress egress) {
    this.target = target;
    this.tls = tls;
    this.egress = egress;
  }

  /** Returns the two ways to one kind of target. */
  static List<Route> to(ProxyTarget target, Egress egress) {
    return List.of(new ProxyRoute(target, false, egress), new ProxyRoute(target, true, egress));
  }

  /** Returns the six ways. */
  public static List<Route> all(Egress egress) {
    return Arrays.stream(ProxyTarget.values())
        .flatMap(target -> to(target, egress).stream())
        .toList();
  }

  /** Returns the six ways without a tunnel. */
  public static List<Route> all() {
    return all(Egress.DIRECT);
  }

  @Override
  public String id() {
    return target.id() + (tls ? "s" : "");
  }

  @Override
  public String title() {
    return target.title() + (tls ? ", https:" : "");
  }

  @Override
  public Posture posture() {
    return Posture.DEFAULT;
  }

  @Override
  public Meshes.Kind mesh() {
    return new Meshes.Kind(posture(), egress);
  }

  @Override
  public String egress() {
    return egress.toString();
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE, true,
        Property.ENCRYPTED, tls || egress != Egress.DIRECT,
        Property.SERVER_VERIFIED, egress != Egress.DIRECT,
        Property.CLIENT_AUTHENTICATED, false,
        Property.AUTHORIZED, true,
        Property.PATH, true);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var canary = Checks.canary();
    var page = Page.serve(mesh, target, tls, canary);
    var server = mesh.addresses().apiserverUrl();
    var way = Way.to(mesh, page.wire(), !tls);
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      var recording = way.tap();
      verdicts.put(Property.REACHABLE, reachable(admin, server, page));
      verdicts.put(Property.ENCRYPTED, way.encrypted(recording, canary));
      verdicts.put(Property.PATH, way.path());
      way.release();
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, server, page));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, server, page));
      verdicts.put(
          Property.SERVER_VERIFIED,
          way.serverVerified(List.of(new ForgedPage(admin, server, page, Checks.canary())), false));
      return verdicts;
    } finally {
      way.end();
      page.close();
    }
  }

  /** Returns what the page says of its request. */
  private static JsonNode said(Probe.Answer answer) {
    try {
      return answer.status() == 200
          ? Json.parse(answer.body().getBytes(UTF_8))
          : MissingNode.getInstance();
    } catch (RuntimeException notThePage) {
      return MissingNode.getInstance();
    }
  }

  private Verdict reachable(Probe admin, String server, Page page) throws Exception {
    var evidence = Checks.evidence();
    var got =
        Checks.eventually(
            Checks.PATIENCE,
            () -> admin.get(page.at(server, PATH)),
            answer -> answer.status() == 200);
    evidence.put("GET", got.brief());
    var read = said(got);
    var good =
        read.path("pod").asText().equals(page.name())
            && read.path("path").asText().equals("/page")
            && read.path("query").asText().equals("of=contents");
    for (var method : List.of("POST", "PUT", "PATCH", "DELETE")) {
      var body = method.equals("DELETE") ? "" : method.toLowerCase(Locale.ROOT) + "-" + page.name();
      var answer = admin.send(method, page.at(server, "/"), body, Map.of("X-Audit", method));
      var heard = said(answer);
      evidence.put(method, answer.brief());
      good &=
          heard.path("method").asText().equals(method)
              && heard.path("body").asText().equals(body)
              && header(heard, "X-Audit").equals(List.of(method));
    }
    return Verdict.of(good, evidence);
  }

  private static List<String> header(JsonNode said, String name) {
    var values = new ArrayList<String>();
    for (var field : said.path("headers").properties()) {
      if (field.getKey().equalsIgnoreCase(name)) {
        field.getValue().forEach(value -> values.add(value.asText()));
      }
    }
    return values;
  }

  /**
   * The page is served to whoever asks for it: that is what the documents say of it. What they also
   * say is that neither the caller's credentials nor the apiserver's get there.
   */
  static Verdict authenticated(Mesh mesh, String server, Page page) throws Exception {
    var evidence = Checks.evidence();
    var leaked = new ArrayList<String>();
    var account = new Account(mesh, Checks.canary());
    var grant = new Grant(mesh, account.name(), page.target().scope());
    account.create();
    try {
      grant.to(Grant.account(account.name()), page.target().rule(page.reference(), "get"));
      try (var byToken = Probe.withToken(mesh, account.token());
          var byCertificate = Probe.as(mesh, mesh.adminIdentity())) {
        for (var caller : List.of(byToken, byCertificate)) {
          var answer = caller.get(page.at(server, PATH));
          var said = said(answer);
          var which = caller == byToken ? "callerWithToken" : "callerWithCertificate";
          evidence.set(which, said.isMissingNode() ? Json.object() : said.path("headers"));
          if (said.isMissingNode()) {
            return new Verdict.Inconclusive(which + " got no page: " + answer.brief(), evidence);
          }
          leaked.addAll(credentials(said));
        }
      }
    } finally {
      grant.delete();
      account.delete();
    }
    try (var stranger = Probe.anonymous(mesh)) {
      var answer = stranger.get(page.directUrl(PATH));
      evidence.put("strangerOnTheNetwork", answer.brief());
      if (!leaked.isEmpty()) {
        return new Verdict.Inconclusive("credentials arrived at the page: " + leaked, evidence);
      }
      return Verdict.of(said(answer).isMissingNode(), evidence);
    }
  }

  /** Returns what of the request to the page says who sent it. */
  private static List<String> credentials(JsonNode said) {
    var found = new ArrayList<String>();
    said.path("headers")
        .fieldNames()
        .forEachRemaining(
            name -> {
              var lower = name.toLowerCase(Locale.ROOT);
              if (lower.equals("authorization")
                  || lower.equals("cookie")
                  || lower.startsWith("x-remote-")
                  || lower.startsWith("impersonate-")) {
                found.add(name);
              }
            });
    if (!said.path("clientCertificate").asText().isEmpty()) {
      found.add("certificate of " + said.path("clientCertificate").asText());
    }
    return found;
  }

  private Verdict authorized(Mesh mesh, String server, Page page) throws Exception {
    var check = new RoleCheck();
    try (var anonymous = Probe.anonymous(mesh)) {
      var answer = anonymous.get(page.at(server, PATH));
      check.holds("nobody without credentials", Checks.isNobody(mesh, answer));
    }
    try (var nobody = user(mesh, "nobody")) {
      check.mayNot("GET without rights", nobody.get(page.at(server, PATH)));
    }
    asUserWith(
        mesh,
        target.readingTheObject(page.object()),
        user ->
            check.mayNot("GET with rights to the object alone", user.get(page.at(server, PATH))));
    asUserWith(
        mesh,
        target.rule(page.reference(), "get"),
        user -> {
          check.may("GET with the right to get", user.get(page.at(server, PATH)));
          check.mayNot("POST with the right to get", user.send("POST", page.at(server, PATH)));
        });
    asUserWith(
        mesh,
        target.rule(page.reference(), "create"),
        user ->
            check.may("POST with the right to create", user.send("POST", page.at(server, PATH))));
    return check.verdict();
  }

  private interface Use {
    void by(Probe user) throws Exception;
  }

  private void asUserWith(Mesh mesh, Grant.Rule rule, Use use) throws Exception {
    var name = Checks.canary();
    var grant = new Grant(mesh, name, target.scope());
    grant.to(Grant.user(name), rule);
    try (var user = user(mesh, name)) {
      use.by(user);
    } finally {
      grant.delete();
    }
  }

  private static Probe user(Mesh mesh, String name) {
    return Probe.as(
        mesh, mesh.issue(CertificateProfile.client(name, List.of(), Duration.ofHours(1))));
  }

  /** A page on which another name stands. */
  private record ForgedPage(Probe admin, String server, Page page, String forged)
      implements Deception {
    @Override
    public Alteration alteration() {
      return new Alteration.Replace(page.name(), forged);
    }

    @Override
    public Received call() throws InterruptedException {
      var answer = admin.get(page.at(server, PATH));
      return new Received(
          answer.brief(forged), answer.body().contains(forged), answer.status() >= 500);
    }
  }
}
