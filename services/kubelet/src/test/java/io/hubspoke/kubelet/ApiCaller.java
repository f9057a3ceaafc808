package io.hubspoke.kubelet;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import java.util.List;

/**
 * Asks a kubelet's API.
 *
 * @param identity null for none
 * @param token empty for none
 */
record ApiCaller(TestNode node, Identity identity, String token) {

  /** What was answered. */
  record Answer(int code, String body) {}

  Answer get(String uri) throws Exception {
    return ask(HttpMethod.GET, uri);
  }

  Answer post(String uri) throws Exception {
    return ask(HttpMethod.POST, uri);
  }

  Answer ask(HttpMethod method, String uri) throws Exception {
    HttpClientOptions options = new HttpClientOptions().setVerifyHost(false);
    Tls.connect(
        options, identity == null ? null : new ReloadableKeys(identity), Tls.trustAny(List.of()));
    var client = node.vertx.createHttpClient(options);
    return Await.result(
        client
            .request(method, node.kubelet.port(), node.ip, uri)
            .compose(
                r -> {
                  if (!token.isEmpty()) {
                    r.putHeader("Authorization", "Bearer " + token);
                  }
                  return r.send()
                      .compose(a -> a.body().map(b -> new Answer(a.statusCode(), b.toString())));
                })
            .eventually(client::close));
  }
}
