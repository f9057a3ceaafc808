package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.ContainerRuntime.ImageException;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ImageRef;
import io.hubspoke.kubelet.runtime.cri.v1.Image;
import io.hubspoke.kubelet.runtime.cri.v1.ImageSpec;
import io.hubspoke.kubelet.runtime.cri.v1.ImageStatusRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ListImagesRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PullImageRequest;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The images of a CRI runtime. */
final class CriImages {
  /** A pull moves gigabytes: long, and still not for ever. */
  private static final Duration PULL_TIMEOUT = Duration.ofMinutes(30);

  private final CriClient client;

  CriImages(CriClient client) {
    this.client = client;
  }

  /** Returns the image if it is there. */
  Future<Optional<Image>> find(String name) {
    return client
        .call(CriMethod.IMAGE_STATUS, ImageStatusRequest.newBuilder().setImage(spec(name)).build())
        .map(answer -> answer.hasImage() ? Optional.of(answer.getImage()) : Optional.empty());
  }

  /** Fetches the image from its registry, as it is there now. */
  Future<ImageRef> pull(String name) {
    return client
        .call(
            CriMethod.PULL_IMAGE,
            PullImageRequest.newBuilder().setImage(spec(name)).build(),
            PULL_TIMEOUT)
        .recover(failure -> Future.failedFuture(new ImageException(failure.getMessage())))
        .compose(pulled -> find(pulled.getImageRef()))
        .map(
            image ->
                image
                    .map(present -> reference(present, false))
                    .orElseThrow(
                        () -> new ImageException("image \"" + name + "\" is gone after its pull")));
  }

  /** Returns the names of all images, digests first as a node's status has them. */
  Future<List<String>> names() {
    return client
        .call(CriMethod.LIST_IMAGES, ListImagesRequest.getDefaultInstance())
        .map(
            answer ->
                answer.getImagesList().stream()
                    .flatMap(
                        image ->
                            Stream.concat(
                                image.getRepoDigestsList().stream(),
                                image.getRepoTagsList().stream()))
                    .toList());
  }

  /** Returns what a pod's status calls the image: its digest, else its ID. */
  static ImageRef reference(Image image, boolean present) {
    String id = image.getRepoDigestsCount() > 0 ? image.getRepoDigests(0) : image.getId();
    return new ImageRef(id, image.getSize(), present);
  }

  private static ImageSpec spec(String name) {
    return ImageSpec.newBuilder().setImage(name).build();
  }
}
