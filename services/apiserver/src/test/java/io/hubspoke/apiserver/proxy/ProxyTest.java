package io.hubspoke.apiserver.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.http.RawConnection;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.FreePort;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The proxy subresources, up to backends that the test answers for. */
@Timeout(90)
class ProxyTest {
  private static final String NAMESPACE = "/api/v1/namespaces/default";
  private static final String POD_IP = "127.20.201.7";

  @TempDir Path dir;
  private TestApiserver server;
  private Client admin;
  private RawBackend backend;
  private RawConnection client;

  @BeforeEach
  void start() throws Exception {
    CertificateAuthority.create("kubelet-client-ca", TestApiserver.VALIDITY)
        .issueClient("kube-apiserver-kubelet-client", List.of(), TestApiserver.VALIDITY)
        .write(dir.resolve("kubelet-client.crt"), dir.resolve("kubelet-client.key"));
    EgressOptions egress = egress();
    server =
        new TestApiserver(
            dir,
            options ->
                options
                    .with(egress)
                    .with(
                        KubeletClientOptions.DEFAULT.withClient(
                            dir.resolve("kubelet-client.crt"), dir.resolve("kubelet-client.key"))));
    admin = server.admin();
    client = RawConnection.asAdmin(server);
    backend = new RawBackend(POD_IP, null);
    pod("web", POD_IP, backend.port());
  }

  /** Through what nodes and pods are reached. */
  EgressOptions egress() throws Exception {
    return EgressOptions.NONE;
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    backend.close();
    server.close();
  }

  @Test
  void passesARequestOnWithoutWhatTellsWhoTheCallerIs() throws Exception {
    client.write(
        head(
            "GET " + pods("web") + "/a%20b/c%2Fd/?q=%2F..%2F&r=1 HTTP/1.1",
            "Authorization: Basic c2VjcmV0",
            "X-Remote-User: root",
            "X-Remote-Extra-Scopes: all",
            "Proxy-Authorization: Basic c2VjcmV0",
            "Connection: keep-alive, X-Of-This-Hop",
            "X-Of-This-Hop: 1",
            "Keep-Alive: 5",
            "TE: trailers",
            "Cookie: theme=dark",
            "X-Forwarded-For: 192.0.2.1",
            "X-Own: kept"));
    RawBackend.Call call = backend.accept();
    List<String> asked = lines(call.head());
    call.answer(
            "HTTP/1.1 201 Made",
            "Content-Length: 5",
            "Connection: X-Internal",
            "X-Internal: 1",
            "Access-Control-Allow-Origin: *",
            "Set-Cookie: a=1",
            "Set-Cookie: b=2",
            "Audit-Id: forged")
        .send("hello");
    String answer = client.answer();

    assertThat(asked.getFirst()).isEqualTo("get /a%20b/c/d/?q=%2f..%2f&r=1 http/1.1");
    assertThat(asked)
        .contains(
            "host: h",
            "cookie: theme=dark",
            "x-own: kept",
            "x-forwarded-for: 192.0.2.1, 127.0.0.1",
            "x-forwarded-uri: " + pods("web") + "/a%20b/c/d/")
        .noneMatch(
            line ->
                line.startsWith("authorization")
                    || line.startsWith("proxy-")
                    || line.startsWith("x-remote")
                    || line.startsWith("x-of-this")
                    || line.startsWith("keep-alive")
                    || line.startsWith("connection")
                    || line.startsWith("te:"));
    assertThat(answer).startsWith("HTTP/1.1 201 Made\r\n").endsWith("\r\n\r\nhello");
    assertThat(lines(answer))
        .contains("set-cookie: a=1", "set-cookie: b=2")
        .noneMatch(
            line ->
                line.startsWith("x-internal")
                    || line.startsWith("access-control")
                    || line.equals("audit-id: forged"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
  void bodiesGoBothWaysInPieces(String method) throws Exception {
    client.write(
        head(method + " " + pods("web") + "/x HTTP/1.1", "Transfer-Encoding: chunked")
            + "5\r\nfirst\r\n");
    RawBackend.Call call = backend.accept();
    assertThat(lines(call.head())).contains("transfer-encoding: chunked");
    assertThat(call.read(10)).isEqualTo("5\r\nfirst\r\n");
    // The answer may begin before the request has ended.
    call.answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Trailer: X-Sum")
        .send("3\r\none\r\n");
    assertThat(client.until("one")).startsWith("HTTP/1.1 200 OK\r\n");
    client.write("6\r\nsecond\r\n0\r\n\r\n");
    assertThat(call.read(16)).isEqualTo("6\r\nsecond\r\n0\r\n\r\n".substring(0, 16));
    call.send("3\r\ntwo\r\n0\r\nX-Sum: 2\r\n\r\n");
    assertThat(client.until("0\r\n")).contains("two");
    assertThat(client.until("\r\n\r\n")).containsIgnoringCase("x-sum: 2\r\n");
  }

  @Test
  void aBodyOfKnownLengthKeepsIt() throws Exception {
    client.write(head("POST " + pods("web") + "/x HTTP/1.1", "Content-Length: 4") + "body");
    RawBackend.Call call = backend.accept();
    assertThat(lines(call.head()))
        .contains("content-length: 4")
        .noneMatch(line -> line.startsWith("transfer-encoding"));
    assertThat(call.read(4)).isEqualTo("body");
    call.answer("HTTP/1.1 204 No Content");
    assertThat(client.answer()).startsWith("HTTP/1.1 204 No Content\r\n");
    // The connections are both good for another one.
    client.write(head("HEAD " + pods("web") + "/y HTTP/1.1"));
    assertThat(call.head()).startsWith("HEAD /y HTTP/1.1\r\n");
    call.answer("HTTP/1.1 200 OK", "Content-Length: 1000");
    assertThat(client.until("\r\n\r\n")).containsIgnoringCase("content-length: 1000\r\n");
  }

  @Test
  void whatFollowsNothingIsRedirectedToASlash() throws Exception {
    client.write(head("GET " + pods("web") + "?q=1 HTTP/1.1"));

    assertThat(lines(client.answer()))
        .contains("location: " + pods("web") + "/?q=1")
        .first()
        .isEqualTo("http/1.1 301 moved permanently");
  }

  @ParameterizedTest
  @CsvSource({
    "/login?next=%2F, PREFIX/login?next=%2F",
    "http://BACKEND/login/, PREFIX/login/",
    "http://h/login, http://h/PREFIX/login",
    "//BACKEND/x#y, PREFIX/x#y",
    "PREFIX/already, PREFIX/already",
    "beside, beside",
    "../up, ../up",
    "https://elsewhere.example/x, https://elsewhere.example/x",
    "mailto:somebody@example.org, mailto:somebody@example.org"
  })
  void aRedirectLeadsBackThroughTheProxy(String said, String heard) throws Exception {
    client.write(head("GET " + pods("web") + "/x HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    String prefix = pods("web");
    call.answer(
        "HTTP/1.1 302 Found",
        "Location: "
            + said.replace("BACKEND", POD_IP + ":" + backend.port()).replace("PREFIX", prefix),
        "Content-Length: 0");

    String expected = heard.replace("/PREFIX", prefix).replace("PREFIX", prefix);
    assertThat(client.answer()).containsIgnoringCase("\r\nlocation: " + expected + "\r\n");
  }

  @Test
  void linksOfAPageLeadBackThroughTheProxy() throws Exception {
    client.write(
        head(
            "GET " + pods("web") + "/ HTTP/1.1",
            "Accept: text/html,*/*",
            "Accept-Encoding: gzip, br"));
    RawBackend.Call call = backend.accept();
    assertThat(lines(call.head())).noneMatch(line -> line.startsWith("accept-encoding"));
    String page = "<a href=\"/x\">x</a><script>if (a</b/) '<a href=\"/no\">'</script><img src=/y>";
    call.answer(
            "HTTP/1.1 200 OK",
            "Content-Type: text/html; charset=utf-8",
            "Content-Length: " + page.length())
        .send(page.substring(0, 7))
        .send(page.substring(7));

    String answer = client.until("0\r\n\r\n");
    assertThat(lines(answer)).noneMatch(line -> line.startsWith("content-length"));
    assertThat(answer.replaceAll("\r\n[0-9a-f]+\r\n", ""))
        .contains(
            "<a href=\"" + pods("web") + "/x\">x</a>",
            "'<a href=\"/no\">'</script><img src=" + pods("web") + "/y>");
  }

  @Test
  void withHttpsNothingIsVerifiedAndNoCertificateIsShown() throws Exception {
    Identity foreign =
        CertificateAuthority.create("somebody-else", TestApiserver.VALIDITY)
            .issueServer("x", SubjectAltNames.of("elsewhere"), TestApiserver.VALIDITY);
    try (RawBackend tls = new RawBackend(POD_IP, foreign)) {
      client.write(head("GET " + pods("https:web:" + tls.port()) + "/x HTTP/1.1"));
      RawBackend.Call call = tls.accept();
      assertThat(call.head()).startsWith("GET /x HTTP/1.1\r\n");
      call.answer("HTTP/1.1 200 OK", "Content-Length: 2").send("ok");

      assertThat(client.answer()).endsWith("ok");
      org.assertj.core.api.Assertions.assertThatThrownBy(call::clientName)
          .isInstanceOf(javax.net.ssl.SSLPeerUnverifiedException.class);
    }
  }

  @Test
  void anUpgradeIsPassedOnAndThenBytes() throws Exception {
    client.write(
        head(
                "GET " + pods("web") + "/ws?q=1 HTTP/1.1",
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Cookie: theme=dark")
            + "early");
    RawBackend.Call call = backend.accept();
    List<String> asked = lines(call.head());
    call.answer(
            "HTTP/1.1 101 Switching Protocols",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        .send("from the backend");

    assertThat(asked)
        .contains("connection: upgrade", "upgrade: websocket", "cookie: theme=dark")
        .first()
        .isEqualTo("get /ws?q=1 http/1.1");
    assertThat(client.until("from the backend"))
        .containsIgnoringCase("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    assertThat(call.read(5)).isEqualTo("early");
    call.socket().close();
    assertThat(client.rest()).isEmpty();
  }

  @Test
  void toTheKubeletsPortItIsTheKubeletsConnectionAndToOthersItIsPlain() throws Exception {
    Identity serving =
        CertificateAuthority.create("somebody-else", TestApiserver.VALIDITY)
            .issueServer("n1", SubjectAltNames.of("127.10.0.1"), TestApiserver.VALIDITY);
    try (RawBackend kubelet = new RawBackend("127.10.0.9", serving);
        RawBackend exporter = new RawBackend("127.10.0.9", null)) {
      made(admin.post("/api/v1/nodes", node("n1", "127.10.0.9", kubelet.port())));
      for (String name : List.of("n1", "n1:" + kubelet.port(), "http:n1:" + kubelet.port())) {
        try (RawConnection one = RawConnection.asAdmin(server)) {
          one.write(head("GET " + nodes(name) + "/healthz HTTP/1.1", "Cookie: a=b"));
          RawBackend.Call call = kubelet.accept();
          assertThat(lines(call.head()))
              .noneMatch(line -> line.startsWith("cookie"))
              .first()
              .isEqualTo("get /healthz http/1.1");
          assertThat(call.clientName()).isEqualTo("CN=kube-apiserver-kubelet-client");
          call.answer("HTTP/1.1 200 OK", "Content-Length: 2", "Connection: close").send("ok");
          assertThat(one.answer()).endsWith("ok");
        }
      }
      client.write(head("GET " + nodes("n1:" + exporter.port()) + "/metrics HTTP/1.1"));
      RawBackend.Call call = exporter.accept();
      assertThat(call.head()).startsWith("GET /metrics HTTP/1.1\r\n");
      call.answer("HTTP/1.1 200 OK", "Content-Length: 2").send("ok");
      assertThat(client.answer()).endsWith("ok");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"shop:http", "shop:80", "http:shop:80"})
  void aServiceIsReachedAtOneOfItsReadyPods(String name) throws Exception {
    service("shop");
    slice(
        "shop",
        """
        {"addresses": ["%s"], "conditions": {"ready": true},
         "targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}},
        {"addresses": ["127.20.201.8"], "conditions": {"ready": false},
         "targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}},
        {"addresses": ["127.20.201.9"]},
        {"addresses": ["127.20.201.10"],
         "targetRef": {"kind": "Pod", "namespace": "default", "name": "web"}},
        {"addresses": ["127.20.201.11"],
         "targetRef": {"kind": "Pod", "namespace": "kube-system", "name": "web"}}
        """
            .formatted(POD_IP));
    for (int i = 0; i < 5; i++) {
      try (RawConnection one = RawConnection.asAdmin(server)) {
        one.write(head("GET " + services(name) + "/x HTTP/1.1"));
        RawBackend.Call call = backend.accept();
        call.head();
        call.answer("HTTP/1.1 200 OK", "Content-Length: 2", "Connection: close").send("ok");
        assertThat(one.answer()).endsWith("ok");
      }
    }
  }

  @Test
  void withoutSlicesAServicesEndpointsCount() throws Exception {
    service("shop");
    made(
        admin.post(
            NAMESPACE + "/endpoints",
            json(
                """
                {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "shop"},
                 "subsets": [{"ports": [{"name": "http", "port": %d}],
                   "addresses": [{"ip": "%s", "targetRef":
                     {"kind": "Pod", "namespace": "default", "name": "web"}}]}]}
                """
                    .formatted(backend.port(), POD_IP))));
    client.write(head("GET " + services("shop:http") + "/x HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    call.answer("HTTP/1.1 200 OK", "Content-Length: 2").send("ok");
    assertThat(client.answer()).endsWith("ok");
  }

  @Test
  void saysWhatIsWrong() throws Exception {
    service("shop");
    service("bare");
    refused(pods("none") + "/", 404, "pods \"none\" not found");
    refused(services("none") + "/", 404, "services \"none\" not found");
    refused(nodes("none") + "/", 404, "nodes \"none\" not found");
    refused(services("bare") + "/", 503, "no endpoints available for service \"bare\"");
    refused(services("shop:81") + "/", 503, "no service port 81 found for service \"shop\"");
    refused(pods("ftp:web:80") + "/", 400, "invalid pod request \"ftp:web:80\"");
    refused(pods("a:b:c:d") + "/", 400, "invalid pod request \"a:b:c:d\"");
    refused(pods("web:99999") + "/", 400, "invalid port \"99999\", expected 1 to 65535");
    refused(
        "/api/v1/watch/namespaces/default/pods/web/proxy/",
        404,
        "the server could not find the requested resource");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "169.254.169.254",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "::ffff:127.0.0.1",
        "fd00:ec2::254"
      })
  void aPodMayNotLeadBackToThisMachineOrItsLink(String ip) throws Exception {
    pod("evil", ip, 80);

    refused(pods("evil") + "/", 400, "address not allowed");
  }

  @Test
  void aBackendThatIsNotThereIsAnError() throws Exception {
    int port = FreePort.at(POD_IP);
    Answer answer = admin.get(pods("web:" + port) + "/");

    assertThat(answer.code()).isEqualTo(503);
    assertThat(answer.message())
        .startsWith("error trying to reach service: ")
        .containsIgnoringCase("refused");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0\1\2 garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n", ""})
  void aBackendThatSpeaksNoHttpIsAnError(String said) throws Exception {
    client.write(head("GET " + pods("web") + "/ HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    call.send(said).socket().close();

    assertThat(client.answer())
        .startsWith("HTTP/1.1 503 ")
        .contains("error trying to reach service: ");
  }

  @Test
  void anAnswerThatBreaksOffDoesNotLookComplete() throws Exception {
    client.write(head("GET " + pods("web") + "/ HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    call.answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked").send("4\r\nhalf\r\n");
    client.until("half");
    call.socket().close();

    assertThat(client.rest()).doesNotContain("0\r\n\r\n");
  }

  @Test
  void aClientThatGoesTakesTheBackendsConnectionWithIt() throws Exception {
    client.write(head("GET " + pods("web") + "/ HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    client.close();

    assertThat(call.ended()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, get",
    "HEAD, get",
    "POST, create",
    "PUT, update",
    "PATCH, patch",
    "DELETE, delete"
  })
  void whoMayIsSaidByTheVerbOfTheMethod(String method, String verb) throws Exception {
    role("may-" + verb, verb);
    Identity caller = server.ca.issueClient("caller", List.of(), TestApiserver.VALIDITY);
    for (String resource : List.of("pods/web", "services/web", "nodes/n1")) {
      String root = resource.startsWith("nodes") ? "/api/v1/" : NAMESPACE + "/";
      try (RawConnection one = new RawConnection(server, caller)) {
        one.write(head(method + " " + root + resource + "/proxy/ HTTP/1.1", "Content-Length: 0"));
        if (resource.startsWith("pods")) {
          RawBackend.Call call = backend.accept();
          call.head();
          call.answer("HTTP/1.1 204 No Content", "Connection: close");
          assertThat(one.until("\r\n\r\n")).startsWith("HTTP/1.1 204 ");
        } else {
          assertThat(one.until("\r\n\r\n")).startsWith("HTTP/1.1 403 ");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/../../../../nodes",
        "/%2e%2e/x",
        "/a/./b",
        "//x",
        "/a%2f%2e%2e%2fb",
        "/a%0d%0aX-Evil:%201",
        "/a%00",
        "/a\\b",
        "/%zz"
      })
  void pathsThatCouldBeReadInTwoWaysGoNowhere(String path) throws Exception {
    client.write(head("GET " + pods("web") + path + " HTTP/1.1"));

    assertThat(client.answer()).matches("(?s)HTTP/1.1 40[04] .*");
  }

  @Test
  void anAbsoluteUriGoesWhereItsPathLeads() throws Exception {
    client.write(head("GET http://169.254.169.254" + pods("web") + "/x HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    assertThat(call.head()).startsWith("GET /x HTTP/1.1\r\n");
    call.answer("HTTP/1.1 204 No Content");
    assertThat(client.answer()).startsWith("HTTP/1.1 204 ");
  }

  @Test
  void aHeaderOfTheBackendIsBoundedToo() throws Exception {
    client.write(head("GET " + pods("web") + "/ HTTP/1.1"));
    RawBackend.Call call = backend.accept();
    call.head();
    call.answer("HTTP/1.1 200 OK", "X-Huge: " + "x".repeat(200_000), "Content-Length: 0");

    assertThat(client.answer()).startsWith("HTTP/1.1 503 ");
  }

  private void refused(String path, int code, String message) throws Exception {
    Answer answer = admin.get(path);
    assertThat(answer.code()).as(path + answer.text()).isEqualTo(code);
    assertThat(answer.message()).isEqualTo(message);
  }

  private static String pods(String name) {
    return NAMESPACE + "/pods/" + name + "/proxy";
  }

  private static String services(String name) {
    return NAMESPACE + "/services/" + name + "/proxy";
  }

  private static String nodes(String name) {
    return "/api/v1/nodes/" + name + "/proxy";
  }

  private static String head(String... lines) {
    return String.join("\r\n", lines) + "\r\nHost: h\r\n\r\n";
  }

  private static List<String> lines(String head) {
    return head.toLowerCase(Locale.ROOT).lines().toList();
  }

  private void pod(String name, String ip, int port) throws Exception {
    ObjectNode pod =
        json(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
             "spec": {"containers": [{"name": "c", "image": "i",
               "ports": [{"containerPort": %d}]}]}}
            """
                .formatted(name, port));
    made(admin.post(NAMESPACE + "/pods", pod));
    pod.putObject("status").put("podIP", ip).putArray("podIPs").addObject().put("ip", ip);
    Answer answer = admin.put(NAMESPACE + "/pods/" + name + "/status", pod);
    assertThat(answer.code()).as(answer.text()).isEqualTo(200);
  }

  private void service(String name) throws Exception {
    made(
        admin.post(
            NAMESPACE + "/services",
            json(
                """
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"},
                 "spec": {"ports": [{"name": "http", "port": 80}]}}
                """
                    .formatted(name))));
  }

  private void slice(String service, String endpoints) throws Exception {
    made(
        admin.post(
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
            json(
                """
                {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                 "metadata": {"name": "%s-1", "labels": {"kubernetes.io/service-name": "%s"}},
                 "addressType": "IPv4", "ports": [{"name": "http", "port": %d}],
                 "endpoints": [%s]}
                """
                    .formatted(service, service, backend.port(), endpoints))));
  }

  private void role(String name, String verb) throws Exception {
    made(
        admin.post(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json(
                """
                {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                 "metadata": {"name": "%s"},
                 "rules": [{"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["%s"]}]}
                """
                    .formatted(name, verb))));
    made(
        admin.post(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            json(
                """
                {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                 "metadata": {"name": "%s"},
                 "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                   "name": "%s"},
                 "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User",
                   "name": "caller"}]}
                """
                    .formatted(name, name))));
  }

  private static ObjectNode node(String name, String address, int port) {
    return json(
        """
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "%s"},
         "status": {"addresses": [{"type": "InternalIP", "address": "%s"}],
           "daemonEndpoints": {"kubeletEndpoint": {"Port": %d}}}}
        """
            .formatted(name, address, port));
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }
}
