package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Volumes, claims, and what provides them. */
class StorageKindsTest {
  private static final String NOW = "2026-01-01T00:00:00Z";
  private static final Written CLASSES = Written.as(StorageResources.STORAGE_CLASSES);
  private static final Written VOLUMES = Written.as(StorageResources.PERSISTENT_VOLUMES);
  private static final Written CLAIMS = Written.as(StorageResources.PERSISTENT_VOLUME_CLAIMS);
  private static final String CLAIM =
      "{'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}";

  @Test
  void aStorageClassStaysWhatItIs() {
    ObjectNode made = CLASSES.create("{'provisioner':'example.com/disk'}");
    assertThat(made)
        .isEqualTo(
            json(
                "{'provisioner':'example.com/disk','reclaimPolicy':'Delete',"
                    + "'volumeBindingMode':'Immediate'}"));
    assertThat(
            CLASSES.errors(
                made,
                "",
                json(
                    "{'provisioner':'example.com/tape','reclaimPolicy':'Retain',"
                        + "'volumeBindingMode':'WaitForFirstConsumer'}")))
        .containsExactly(
            "provisioner: Forbidden: updates to provisioner are forbidden.",
            "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
            "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable");
    assertThat(CLASSES.errors("{}")).containsExactly("provisioner: Required value");
    assertThat(
            CLASSES.row(
                "{'metadata':{'name':'a','annotations':{"
                    + "'storageclass.kubernetes.io/is-default-class':'true'}},'provisioner':'p'}",
                NOW))
        .containsEntry("Name", "a (default)")
        .containsEntry("ReclaimPolicy", "Delete")
        .containsEntry("AllowVolumeExpansion", "false");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'capacity':{'storage':'1Gi'},'hostPath':{'path':'/a'}} | spec.accessModes: Required value:"
            + " at least 1 access mode is required",
        "{'accessModes':['Some'],'capacity':{'storage':'1Gi'},'hostPath':{'path':'/a'}} |"
            + " spec.accessModes: Unsupported value: \"Some\": supported values:"
            + " \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"",
        "{'accessModes':['ReadWriteOnce'],'hostPath':{'path':'/a'}} | spec.capacity: Required value",
        "{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'}} | spec: Required value: must"
            + " specify a volume type",
        "{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},'hostPath':{'path':'/a/../b'}}"
            + " | spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        "{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},'hostPath':{'path':'/a'},"
            + "'nfs':{'server':'s','path':'/'}} | spec: Forbidden: may not specify more than 1 volume"
            + " type",
      })
  void aVolumesErrorsNameTheField(String spec, String error) {
    assertThat(VOLUMES.errors("{'spec':" + spec + "}")).containsExactly(error);
  }

  @Test
  void aVolumeIsMadeOfOneThing() {
    ObjectNode made =
        VOLUMES.create(
            "{'spec':{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1Gi'},"
                + "'hostPath':{'path':'/a'},'storageClassName':'c',"
                + "'claimRef':{'namespace':'n','name':'p'}}}");
    assertThat(made.path("status")).isEqualTo(json("{'phase':'Pending'}"));
    ObjectNode moved = made.deepCopy();
    moved.withObject("spec").withObject("hostPath").put("path", "/b");
    assertThat(VOLUMES.errors(made, "", moved))
        .containsExactly(
            "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after"
                + " creation");
    assertThat(VOLUMES.row(made.toString(), NOW))
        .containsEntry("Capacity", "1Gi")
        .containsEntry("Access Modes", "RWO")
        .containsEntry("Reclaim Policy", "Retain")
        .containsEntry("Claim", "n/p")
        .containsEntry("StorageClass", "c")
        .containsEntry("VolumeAttributesClass", "<unset>");
  }

  @Test
  void aClaimGetsItsVolumeOnceAndMayGrowWhenItHasIt() {
    ObjectNode made = CLAIMS.create(CLAIM);
    assertThat(made.path("spec").path("volumeMode").asText()).isEqualTo("Filesystem");
    ObjectNode bound = made.deepCopy();
    bound.withObject("spec").put("volumeName", "v");
    assertThat(CLAIMS.errors(made, "", bound)).isEmpty();
    ObjectNode larger = bound.deepCopy();
    larger.withObject("spec").withObject("resources").withObject("requests").put("storage", "2Gi");
    assertThat(CLAIMS.errors(bound, "", larger))
        .containsExactly(
            "spec: Forbidden: spec is immutable after creation except resources.requests and"
                + " volumeAttributesClassName for bound claims");
    bound.withObject("status").put("phase", "Bound");
    bound.withObject("status").withObject("capacity").put("storage", "1Gi");
    assertThat(CLAIMS.errors(bound, "", larger)).isEmpty();
    ObjectNode smaller = bound.deepCopy();
    smaller.withObject("spec").withObject("resources").withObject("requests").put("storage", "1Mi");
    assertThat(CLAIMS.errors(bound, "", smaller))
        .containsExactly(
            "spec.resources.requests.storage: Forbidden: field can not be less than"
                + " status.capacity");
    assertThat(CLAIMS.errors("{'spec':{'accessModes':['ReadWriteOnce']}}"))
        .containsExactly("spec.resources[storage]: Required value");
    bound.withObject("status").putArray("accessModes").add("ReadWriteOnce");
    assertThat(CLAIMS.row(bound.toString(), NOW))
        .containsEntry("Status", "Bound")
        .containsEntry("Volume", "v")
        .containsEntry("Capacity", "1Gi")
        .containsEntry("Access Modes", "RWO");
  }

  @Test
  void anAttachmentAndADriverKeepWhatTheyAreAbout() {
    Written attachments = Written.as(StorageResources.VOLUME_ATTACHMENTS);
    ObjectNode attachment =
        attachments.create(
            "{'spec':{'attacher':'a.example.com','nodeName':'n',"
                + "'source':{'persistentVolumeName':'v'}}}");
    ObjectNode other = attachment.deepCopy();
    other.withObject("spec").put("nodeName", "m");
    assertThat(attachments.errors(attachment, "", other)).hasSize(1);
    assertThat(attachments.row(attachment.toString(), NOW))
        .containsEntry("PV", "v")
        .containsEntry("Attached", "false");
    assertThat(attachments.errors("{'spec':{'attacher':'a','nodeName':'n','source':{}}}"))
        .hasSize(1);

    Written drivers = Written.as(StorageResources.CSI_DRIVERS);
    ObjectNode driver = drivers.create("{'metadata':{'name':'a.example.com'}}");
    assertThat(drivers.row(driver.toString(), NOW))
        .containsEntry("AttachRequired", "true")
        .containsEntry("TokenRequests", "<unset>")
        .containsEntry("Modes", "Persistent");
    ObjectNode changed = driver.deepCopy();
    changed.withObject("spec").put("attachRequired", false);
    assertThat(drivers.errors(driver, "", changed))
        .containsExactly("spec.attachRequired: Invalid value: false: field is immutable");

    Written nodes = Written.as(StorageResources.CSI_NODES);
    ObjectNode node = nodes.create("{'spec':{'drivers':[{'name':'a.example.com','nodeID':'i'}]}}");
    ObjectNode renamed =
        nodes.create("{'spec':{'drivers':[{'name':'a.example.com','nodeID':'j'}]}}");
    assertThat(nodes.errors(node, "", renamed)).hasSize(1);
    assertThat(nodes.errors("{'spec':{'drivers':[{'name':'a.example.com'}]}}"))
        .containsExactly("spec.drivers[0].nodeID: Required value");

    Written capacities = Written.as(StorageResources.CSI_STORAGE_CAPACITIES);
    ObjectNode capacity = capacities.create("{'storageClassName':'a','capacity':'1Gi'}");
    assertThat(capacities.errors(capacity, "", json("{'storageClassName':'b'}")))
        .containsExactly("storageClassName: Invalid value: \"b\": field is immutable");
  }
}
