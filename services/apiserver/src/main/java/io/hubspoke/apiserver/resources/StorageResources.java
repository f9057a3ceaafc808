package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import java.util.List;

/** The resources of {@code storage.k8s.io}, and the core group's volumes and claims. */
public final class StorageResources {
  private static final String STORAGE = "storage.k8s.io";

  public static final Resource PERSISTENT_VOLUME_CLAIMS =
      type("", "PersistentVolumeClaim", "persistentvolumeclaims", true)
          .alias("pvc")
          .sub("status")
          .with(new PersistentVolumeClaimStrategy(), StorageColumns.persistentVolumeClaims());
  public static final Resource PERSISTENT_VOLUMES =
      type("", "PersistentVolume", "persistentvolumes", false)
          .alias("pv")
          .sub("status")
          .with(new PersistentVolumeStrategy(), StorageColumns.persistentVolumes());
  public static final Resource CSI_DRIVERS =
      type(STORAGE, "CSIDriver", "csidrivers", false)
          .with(new CsiDriverStrategy(), StorageColumns.csiDrivers());
  public static final Resource CSI_NODES =
      type(STORAGE, "CSINode", "csinodes", false)
          .with(new CsiNodeStrategy(), StorageColumns.csiNodes());
  public static final Resource CSI_STORAGE_CAPACITIES =
      type(STORAGE, "CSIStorageCapacity", "csistoragecapacities", true)
          .with(new CsiStorageCapacityStrategy(), StorageColumns.csiStorageCapacities());
  public static final Resource STORAGE_CLASSES =
      type(STORAGE, "StorageClass", "storageclasses", false)
          .alias("sc")
          .with(new StorageClassStrategy(), StorageColumns.storageClasses());
  public static final Resource VOLUME_ATTACHMENTS =
      type(STORAGE, "VolumeAttachment", "volumeattachments", false)
          .sub("status")
          .with(new VolumeAttachmentStrategy(), StorageColumns.volumeAttachments());

  static final List<Resource> ALL =
      List.of(
          PERSISTENT_VOLUME_CLAIMS,
          PERSISTENT_VOLUMES,
          CSI_DRIVERS,
          CSI_NODES,
          CSI_STORAGE_CAPACITIES,
          STORAGE_CLASSES,
          VOLUME_ATTACHMENTS);

  private StorageResources() {}
}
