package io.hubspoke.scheduler.plugins;

import io.fabric8.kubernetes.api.model.Container;
import io.hubspoke.scheduler.cluster.ClusterState;
import io.hubspoke.scheduler.cluster.NodeInfo;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Likes nodes that have a pod's images, the more the larger they are. */
final class ImageLocality implements ScorePlugin {
  private static final long MEBIBYTE = 1024 * 1024;

  /** Less than this is fetched in no time. */
  private static final long LEAST = 23 * MEBIBYTE;

  /** More than this for each container makes no difference. */
  private static final long MOST = 1000 * MEBIBYTE;

  @Override
  public int weight() {
    return 1;
  }

  @Override
  public Optional<NodeScorer> scorer(PodInfo pod, ClusterState cluster, List<NodeInfo> feasible) {
    var images = new ArrayList<String>();
    add(pod.pod().getSpec().getInitContainers(), images);
    add(pod.pod().getSpec().getContainers(), images);
    var nodes = cluster.nodes().size();
    if (images.stream().allMatch(image -> cluster.nodesWithImage(image) == 0)) {
      return Optional.empty();
    }
    return Optional.of(
        node -> {
          long sum = 0;
          for (var image : images) {
            var size = node.images().get(image);
            if (size != null) {
              // What is nowhere else draws fewer pods, so that they don't all go to one node.
              sum += (long) ((double) size * cluster.nodesWithImage(image) / nodes);
            }
          }
          var most = MOST * images.size();
          var counted = Math.clamp(sum, LEAST, most);
          return NodeScorer.MOST * (counted - LEAST) / (most - LEAST);
        });
  }

  private static void add(List<Container> containers, List<String> images) {
    if (containers != null) {
      for (var container : containers) {
        if (container.getImage() != null) {
          images.add(withTag(container.getImage()));
        }
      }
    }
  }

  private static String withTag(String image) {
    return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : image + ":latest";
  }
}
