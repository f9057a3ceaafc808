package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.ApiException;
import io.vertx.core.http.HttpMethod;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestInfoResolverTest {
  private final RequestInfoResolver resolver = new RequestInfoResolver();

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "GET,    /api/v1/namespaces,                      list,             -, namespaces, -, -, -",
        "GET,    /api/v1/namespaces/a,                    get,              -, namespaces, a, a, -",
        "PUT,    /api/v1/namespaces/a/finalize,           update,           -, namespaces, a, a, finalize",
        "GET,    /api/v1/namespaces/a/pods,               list,             -, pods,       a, -, -",
        "HEAD,   /api/v1/namespaces/a/pods/b,             get,              -, pods,       a, b, -",
        "POST,   /api/v1/namespaces/a/pods,               create,           -, pods,       a, -, -",
        "PATCH,  /api/v1/namespaces/a/pods/b/status,      patch,            -, pods,       a, b, status",
        "DELETE, /api/v1/namespaces/a/pods,               deletecollection, -, pods,       a, -, -",
        "DELETE, /api/v1/nodes/n,                         delete,           -, nodes,      -, n, -",
        "GET,    /api/v1/pods/?watch=true,                watch,            -, pods,       -, -, -",
        "GET,    /api/v1/pods?watch=0,                    list,             -, pods,       -, -, -",
        "GET,    /api/v1/watch/namespaces/a/pods,         watch,            -, pods,       a, -, -",
        "GET,    /api/v1/pods?fieldSelector=metadata.name%3Db, list,        -, pods,       -, b, -",
        "GET,    /apis/coordination.k8s.io/v1/namespaces/a/leases/b, get, coordination.k8s.io, leases, a, b, -",
        "OPTIONS, /api/v1/pods,                           -,                -, pods,       -, -, -",
        "DELETE, /api/v1/watch/pods,                      -,                -, pods,       -, -, -",
      })
  void readsWhatARequestAsks(
      String method,
      String uri,
      String verb,
      String group,
      String resource,
      String namespace,
      String name,
      String subresource) {
    RequestInfo info = resolve(method, uri);
    assertThat(info.resourceRequest()).isTrue();
    assertThat(info.verb()).isEqualTo(or(verb));
    assertThat(info.group()).isEqualTo(or(group));
    assertThat(info.resource()).isEqualTo(or(resource));
    assertThat(info.namespace()).isEqualTo(or(namespace));
    assertThat(info.name()).isEqualTo(or(name));
    assertThat(info.subresource()).isEqualTo(or(subresource));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/version", "/x/y/z"})
  void knowsPathsThatAreNoResources(String path) {
    RequestInfo info = resolve("GET", path);
    assertThat(info.resourceRequest()).isFalse();
    assertThat(info.verb()).isEqualTo("get");
    assertThat(info.path()).isEqualTo(path);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/api/v1/namespaces/default/pods/../secrets/s",
        "/api/v1/namespaces/default/pods/%2e%2e/secrets/s",
        "/api//v1/namespaces/default/secrets",
        "//api/v1/secrets",
        "/api/v1/namespaces//secrets",
        "/api/v1/namespaces/default/pods/%2E/log",
        "/api/v1/nodes/%2F%2Fsecrets",
        "/api/v1/nodes/a%00b",
        "/api/v1/nodes/a%5c..%5cb"
      })
  void aPathThatCanBeReadInTwoWaysIsNoResource(String path) {
    RequestInfo info = resolve("GET", path);
    assertThat(info.resourceRequest()).isFalse();
    assertThat(RequestInfoResolver.isCanonical(info.path())).isFalse();
  }

  @Test
  void anEncodedSlashSeparatesAsAPlainOneDoes() {
    RequestInfo info = resolve("GET", "/api/v1/nodes/n%2Fproxy");
    assertThat(info.name()).isEqualTo("n");
    assertThat(info.subresource()).isEqualTo("proxy");
  }

  @Test
  void whatIsEncodedTwiceIsDecodedOnce() {
    assertThat(resolve("GET", "/api/v1/nodes/n%252Fproxy").name()).isEqualTo("n%2Fproxy");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/api/v1/nodes/%", "/api/v1/nodes/%g0", "/api/v1/nodes/%ff%fe"})
  void malformedEncodingIsABadRequest(String path) {
    assertThatThrownBy(() -> resolve("GET", path))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(400));
  }

  @Test
  void theNamesOfQueryParametersHaveACase() {
    assertThat(resolve("GET", "/api/v1/pods?watch=1").verb()).isEqualTo("watch");
    assertThat(resolve("GET", "/api/v1/pods?Watch=1").verb()).isEqualTo("list");
    assertThat(resolve("GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dn").name())
        .isEqualTo("n");
    assertThat(resolve("GET", "/api/v1/nodes?FieldSelector=metadata.name%3Dn").name()).isEmpty();
    var both = Query.of("/?FieldSelector=a&fieldSelector=b&fieldSelector=c&x");
    assertThat(both.get("fieldSelector")).isEqualTo("b");
    assertThat(both.getAll("fieldSelector")).containsExactly("b", "c");
    assertThat(both.get("x")).isEmpty();
    assertThat(both.get("X")).isNull();
    assertThatThrownBy(() -> Query.of("/?a=%zz")).isInstanceOf(ApiException.class);
  }

  private RequestInfo resolve(String method, String uri) {
    int at = uri.indexOf('?');
    return resolver.resolve(
        HttpMethod.valueOf(method), at < 0 ? uri : uri.substring(0, at), Query.of(uri));
  }

  private static String or(String text) {
    return text == null ? "" : text;
  }
}
