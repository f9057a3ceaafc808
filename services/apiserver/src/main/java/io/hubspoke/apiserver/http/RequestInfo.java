package io.hubspoke.apiserver.http;

/**
 * What a request asks, taken from its method, path and query (apiserver's {@code RequestInfo}).
 *
 * @param resourceRequest false for {@code /version}, {@code /healthz}, discovery and the like
 * @param path the decoded path
 * @param verb get, list, watch, create, update, patch, delete, deletecollection; for non-resource
 *     requests the HTTP method in lower case
 * @param group empty for the core group and for non-resource requests; so are the following
 * @param name empty for collections
 * @param subresource empty for the object itself
 * @param remainder what follows the subresource, as for {@code proxy}; empty otherwise
 */
public record RequestInfo(
    boolean resourceRequest,
    String path,
    String verb,
    String group,
    String version,
    String resource,
    String namespace,
    String name,
    String subresource,
    String remainder) {

  /** Returns whether the path has the old prefix of watches, under which nothing else is served. */
  public boolean isOfWatchPrefix() {
    return resourceRequest
        && path.startsWith(
            group.isEmpty()
                ? "/api/" + version + "/watch/"
                : "/apis/" + group + "/" + version + "/watch/");
  }
}
