package io.hubspoke.client;

import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which objects of a collection are meant.
 *
 * @param namespace empty for all
 * @param labelSelector such as {@code app=web}; empty for all
 * @param fieldSelector such as {@code spec.nodeName=node-1}; empty for all
 * @param chunkSize objects to ask for in one request; 0 for all at once
 */
public record ListOptions(
    String namespace, String labelSelector, String fieldSelector, int chunkSize) {

  /** Chunk size of client-go's pager. */
  private static final int CHUNK_SIZE = 500;

  /** Means every object in every namespace. */
  public static final ListOptions ALL = new ListOptions("", "", "", CHUNK_SIZE);

  public static ListOptions inNamespace(String namespace) {
    return new ListOptions(namespace, "", "", CHUNK_SIZE);
  }

  public ListOptions withFieldSelector(String selector) {
    return new ListOptions(namespace, labelSelector, selector, chunkSize);
  }

  public ListOptions withLabelSelector(String selector) {
    return new ListOptions(namespace, selector, fieldSelector, chunkSize);
  }

  /** Selects objects with all of these labels. */
  public ListOptions withLabels(Map<String, String> labels) {
    return withLabelSelector(
        labels.entrySet().stream()
            .map(e -> e.getKey() + "=" + e.getValue())
            .collect(Collectors.joining(",")));
  }

  public ListOptions withChunkSize(int size) {
    return new ListOptions(namespace, labelSelector, fieldSelector, size);
  }

  Query query(String path) {
    return new Query(path).add("labelSelector", labelSelector).add("fieldSelector", fieldSelector);
  }
}
