package io.hubspoke.apiserver.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.hubspoke.api.ApiException;
import io.hubspoke.apiserver.http.Query;
import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.apiserver.http.RequestInfoResolver;
import io.vertx.core.http.HttpMethod;

/** A path is resolved to what all of the server understands by it, or is a bad request. */
public final class RequestPaths {
  private RequestPaths() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String uri = "/" + new String(input, ISO_8859_1);
    int at = uri.indexOf(0x3f);
    RequestInfo info;
    try {
      info =
          new RequestInfoResolver()
              .resolve(HttpMethod.GET, at < 0 ? uri : uri.substring(0, at), Query.of(uri));
    } catch (ApiException refused) {
      return;
    }
    if (info.resourceRequest()) {
      Expect.that(RequestInfoResolver.isCanonical(info.path()), info.path());
      for (String part :
          new String[] {info.namespace(), info.name(), info.resource(), info.subresource()}) {
        Expect.that(!part.contains("/") && !part.equals("..") && !part.equals("."), part);
      }
    }
  }
}
