package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Postures;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rows of the proxy verbs are seen to fail on a proxy that hands credentials on, as the
 * apiserver's own never does.
 */
@Timeout(120)
class CarelessProxyTest {

  @ParameterizedTest
  @ValueSource(strings = {"token of the caller", "certificate of the apiserver"})
  void credentialsThatReachThePageFailItsRow(String handsOn) throws Exception {
    var lab = Postures.start(1, ProxyRoute.all(), Changes.NONE, step -> {});
    try {
      var mesh = lab.meshes().get(Posture.DEFAULT);
      var page = Page.serve(mesh, ProxyTarget.POD, true, Checks.canary());
      var keys = handsOn.startsWith("certificate") ? mesh.adminIdentity() : null;
      var proxy = start(mesh, page, keys, keys == null);
      try {
        var verdict =
            ProxyRoute.authenticated(mesh, "https://127.0.0.1:" + proxy.actualPort(), page);

        assertThat(verdict).isInstanceOf(Verdict.Inconclusive.class);
        assertThat(((Verdict.Inconclusive) verdict).reason())
            .containsIgnoringCase(keys == null ? "authorization" : "CN=kubernetes-admin");
      } finally {
        page.close();
        Component.await(proxy.close());
      }
    } finally {
      lab.stop();
    }
  }

  private static HttpServer start(Mesh mesh, Page page, Identity keys, boolean withHeaders)
      throws Exception {
    var towardsPage =
        mesh.vertx()
            .createHttpClient(
                Tls.connect(
                    new HttpClientOptions().setVerifyHost(false),
                    keys == null ? null : new ReloadableKeys(keys),
                    Tls.trustAny(List.of())));
    var serving =
        Tls.serve(new HttpServerOptions(), new ReloadableKeys(mesh.adminIdentity()), null);
    return Component.await(
        mesh.vertx()
            .createHttpServer(serving)
            .requestHandler(request -> forward(request, towardsPage, page, withHeaders))
            .listen(0, "127.0.0.1"));
  }

  private static void forward(
      HttpServerRequest request, HttpClient client, Page page, boolean withHeaders) {
    var target =
        new RequestOptions()
            .setAbsoluteURI(page.directUrl(request.path().replaceFirst(".*/proxy", "")));
    if (withHeaders) {
      request.headers().forEach(h -> target.addHeader(h.getKey(), h.getValue()));
    }
    client
        .request(target)
        .compose(sent -> sent.send())
        .compose(answer -> answer.body())
        .compose(body -> request.response().end(body))
        .recover(e -> request.response().setStatusCode(502).end(Component.reason(e)))
        .otherwiseEmpty();
  }
}
