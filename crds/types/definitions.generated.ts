// Generated from crds/*.yaml by `npm run generate`. Do not edit.
import type { Definition } from '#crds/definition.ts'

import type { Device } from './device.ts'
import type { ManagedRuntimeConfig } from './managed-runtime-config.ts'
import type { Runtime } from './runtime.ts'
import type { UserProxyConfig } from './user-proxy-config.ts'
import type { UserRuntimeConfig } from './user-runtime-config.ts'
import type { User } from './user.ts'

/** The objects of every kind by the kind's name. */
export interface Objects {
  readonly Device: Device
  readonly ManagedRuntimeConfig: ManagedRuntimeConfig
  readonly Runtime: Runtime
  readonly UserProxyConfig: UserProxyConfig
  readonly UserRuntimeConfig: UserRuntimeConfig
  readonly User: User
}

/** The custom resource definitions, so that a bundle needs no file beside it. */
export const DEFINITIONS: { readonly [K in keyof Objects]: Definition } = {
  Device: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "devices.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Namespaced",
      "names": {
        "kind": "Device",
        "listKind": "DeviceList",
        "plural": "devices",
        "singular": "device",
        "shortNames": [
          "dev"
        ],
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".spec.deviceId"
            },
            {
              "jsonPath": ".spec.deviceType"
            },
            {
              "jsonPath": ".status.gateway"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Device",
              "type": "string",
              "jsonPath": ".spec.deviceId",
              "description": "Id the device registers with."
            },
            {
              "name": "Name",
              "type": "string",
              "jsonPath": ".spec.displayName",
              "description": "What the device calls itself."
            },
            {
              "name": "Type",
              "type": "string",
              "jsonPath": ".spec.deviceType",
              "priority": 1,
              "description": "Kind of machine."
            },
            {
              "name": "Online",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Online\")].status",
              "description": "Whether it is connected."
            },
            {
              "name": "Version",
              "type": "string",
              "jsonPath": ".status.executorVersion",
              "priority": 1,
              "description": "Version of the agent or executor."
            },
            {
              "name": "Gateway",
              "type": "string",
              "jsonPath": ".status.gateway",
              "priority": 1,
              "description": "Replica that holds its socket."
            },
            {
              "name": "Suspended",
              "type": "boolean",
              "jsonPath": ".spec.suspend",
              "priority": 1,
              "description": "Whether device actions are stopped."
            },
            {
              "name": "Runtimes",
              "type": "string",
              "jsonPath": ".status.runtimes[*].name",
              "description": "Runtimes it reports."
            },
            {
              "name": "States",
              "type": "string",
              "jsonPath": ".status.runtimes[*].state",
              "description": "State of each runtime, in the same order."
            },
            {
              "name": "Seen",
              "type": "date",
              "jsonPath": ".status.lastHeartbeatTime",
              "description": "Last heartbeat that was written down."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "One machine of one user that runs an agent or executor. Made when it registers; named after its id.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "self.metadata.name == self.spec.deviceId || self.metadata.name.matches('^dev-[0-9a-f]{32}$')",
                  "message": "metadata.name must equal spec.deviceId or, for an id that is not a valid name, be dev- and the first 32 hex digits of its SHA-256",
                  "fieldPath": ".spec.deviceId"
                }
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "What the device said about itself when it registered, and what its owner decides about it.",
                  "type": "object",
                  "required": [
                    "deviceId",
                    "displayName",
                    "deviceType"
                  ],
                  "properties": {
                    "deviceId": {
                      "description": "Id the device registers with, exactly as it says it. Cannot be changed.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 100,
                      "x-kubernetes-validations": [
                        {
                          "rule": "self == oldSelf",
                          "message": "spec.deviceId cannot be changed; delete this object and let the device register again"
                        }
                      ]
                    },
                    "displayName": {
                      "description": "What the device calls itself.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 100
                    },
                    "deviceType": {
                      "description": "Kind of machine. A `remote` device gets no auth command.",
                      "type": "string",
                      "enum": [
                        "local",
                        "app",
                        "cloud",
                        "remote"
                      ]
                    },
                    "suspend": {
                      "description": "True stops every device action on this device until it is removed or set to false.",
                      "type": "boolean"
                    }
                  }
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "conditions": {
                      "description": "Standard conditions. `Online`: a heartbeat came within 90 s on a live socket.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    },
                    "lastHeartbeatTime": {
                      "description": "A recent heartbeat. Written when something changes and at most every 5 minutes.",
                      "type": "string",
                      "format": "date-time",
                      "minLength": 20,
                      "maxLength": 35,
                      "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                    },
                    "executorVersion": {
                      "description": "Version of the agent or executor, in its own words.",
                      "type": "string",
                      "maxLength": 256
                    },
                    "gateway": {
                      "description": "Replica that holds the device's socket. Absent when it is not connected.",
                      "type": "string",
                      "maxLength": 253
                    },
                    "gatewayFence": {
                      "description": "Number that our agent drew when it connected there; a larger one is a later connection. Written with another change, so it may be of an earlier connection to the same replica.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 999999999999999
                    },
                    "runtimes": {
                      "description": "What is so for each runtime on this device.",
                      "type": "array",
                      "maxItems": 128,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "name"
                      ],
                      "items": {
                        "description": "One runtime on this device.",
                        "type": "object",
                        "required": [
                          "name",
                          "state"
                        ],
                        "properties": {
                          "name": {
                            "description": "Name of the Runtime.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 63
                          },
                          "state": {
                            "description": "What is so. Read off the last report - `InSync`, `Missing`, `Stale`, `RotatedOnDevice`, `Foreign`, `ToRemove`, `Unknown`; without one `NotManaged`; on the way `Syncing`, `Verifying`, `Stalled`.",
                            "type": "string",
                            "enum": [
                              "InSync",
                              "Missing",
                              "Stale",
                              "RotatedOnDevice",
                              "Foreign",
                              "ToRemove",
                              "Unknown",
                              "NotManaged",
                              "Syncing",
                              "Verifying",
                              "Stalled"
                            ]
                          },
                          "targetPath": {
                            "description": "Where the file is, as the device reports it.",
                            "type": "string",
                            "maxLength": 4096
                          },
                          "digest": {
                            "description": "Lower-case hex SHA-256 of the document that is known to be on the device. Absent when that is not known.",
                            "type": "string",
                            "minLength": 64,
                            "maxLength": 64,
                            "pattern": "^[0-9a-f]{64}$"
                          },
                          "lastCommand": {
                            "description": "The command sent last, such as `sync_runtime_auth_file`.",
                            "type": "string",
                            "maxLength": 64
                          },
                          "lastResult": {
                            "description": "What the device answered to it, such as `written` or `failed`.",
                            "type": "string",
                            "maxLength": 1024
                          },
                          "lastSyncTime": {
                            "description": "When the device last carried out a command successfully.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "attempts": {
                            "description": "Failures in a row since the last success.",
                            "type": "integer",
                            "format": "int32",
                            "minimum": 0,
                            "maximum": 2147483647
                          },
                          "attemptsFor": {
                            "description": "Fingerprint of what was wanted, and of the device, when the attempts failed. Another one starts over. Absent when there were none.",
                            "type": "string",
                            "maxLength": 64
                          },
                          "nextAttemptTime": {
                            "description": "When the next attempt is due. Absent when none is.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "active": {
                            "description": "Whether a CLI of this runtime runs on the device, or may. Written where there are several replicas, so that all of them know; absent otherwise.",
                            "type": "boolean"
                          },
                          "config": {
                            "description": "What the device says of the runtime's configuration files. Absent when it says nothing, as executors other than our agent do.",
                            "type": "object",
                            "required": [
                              "layers"
                            ],
                            "properties": {
                              "layers": {
                                "description": "The layers it found, highest first. Versions only, never a setting.",
                                "type": "array",
                                "maxItems": 16,
                                "x-kubernetes-list-type": "atomic",
                                "items": {
                                  "description": "One source of settings on the device.",
                                  "type": "object",
                                  "required": [
                                    "type"
                                  ],
                                  "properties": {
                                    "type": {
                                      "description": "Which source it is, such as `user` or `system`.",
                                      "type": "string",
                                      "minLength": 1,
                                      "maxLength": 64
                                    },
                                    "version": {
                                      "description": "Fingerprint of the layer, `sha256:` and 64 hex digits; changes exactly when its value does. Absent when it could not be read.",
                                      "type": "string",
                                      "minLength": 71,
                                      "maxLength": 71,
                                      "pattern": "^sha256:[0-9a-f]{64}$"
                                    },
                                    "unreadable": {
                                      "description": "True when the file is there and could not be read or parsed.",
                                      "type": "boolean"
                                    }
                                  }
                                }
                              }
                            }
                          },
                          "reason": {
                            "description": "Why it is so, as one constant word in CamelCase.",
                            "type": "string",
                            "maxLength": 1024
                          },
                          "message": {
                            "description": "Why it is so, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  ManagedRuntimeConfig: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "managedruntimeconfigs.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Cluster",
      "names": {
        "kind": "ManagedRuntimeConfig",
        "listKind": "ManagedRuntimeConfigList",
        "plural": "managedruntimeconfigs",
        "singular": "managedruntimeconfig",
        "shortNames": [
          "mrc"
        ],
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".spec.runtime"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Runtime",
              "type": "string",
              "jsonPath": ".spec.runtime",
              "description": "Runtime it is for."
            },
            {
              "name": "Users",
              "type": "string",
              "jsonPath": ".spec.selector.users",
              "description": "Users it applies to by name; empty with no selector means all."
            },
            {
              "name": "Selected",
              "type": "integer",
              "jsonPath": ".status.selectedUsers",
              "description": "How many users it applies to."
            },
            {
              "name": "Ready",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status",
              "description": "Whether its texts can be used."
            },
            {
              "name": "Reason",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason",
              "priority": 1,
              "description": "Why it is, or is not, ready."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "What an administrator sets for the users it selects: a managed config layer, which wins over the user's own, and requirements, which limit what a user may set.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "What should be.",
                  "type": "object",
                  "required": [
                    "runtime"
                  ],
                  "x-kubernetes-validations": [
                    {
                      "rule": "has(self.config) || has(self.requirements)",
                      "message": "set config, requirements or both; without them this object does nothing"
                    }
                  ],
                  "properties": {
                    "runtime": {
                      "description": "Name of the Runtime this is for. Cannot be changed.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 63,
                      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                      "x-kubernetes-validations": [
                        {
                          "rule": "self == oldSelf",
                          "message": "spec.runtime cannot be changed; create another object for the other runtime"
                        }
                      ]
                    },
                    "config": {
                      "description": "The managed config layer, TOML text. Its values win over the user's own.",
                      "type": "string",
                      "maxLength": 262144
                    },
                    "requirements": {
                      "description": "What the selected users may set, TOML text.",
                      "type": "string",
                      "maxLength": 262144
                    },
                    "selector": {
                      "description": "Users it applies to: those that match everything given here. Absent or empty means every user.",
                      "type": "object",
                      "properties": {
                        "users": {
                          "description": "Names of users, that is the subjects of their tokens.",
                          "type": "array",
                          "minItems": 1,
                          "maxItems": 1000,
                          "x-kubernetes-list-type": "set",
                          "items": {
                            "description": "Name of a user.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 253
                          }
                        },
                        "matchLabels": {
                          "description": "Labels that the User object must have.",
                          "type": "object",
                          "maxProperties": 64,
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.all(key, key.size() <= 317 && key.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",
                              "message": "every key must be a label key, that is an optional prefix and a slash, then at most 63 letters, digits, dashes, underscores and dots; correct the key"
                            }
                          ],
                          "additionalProperties": {
                            "description": "Value of the label.",
                            "type": "string",
                            "maxLength": 63,
                            "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
                          }
                        },
                        "matchExpressions": {
                          "description": "Requirements that the labels of the User object must meet.",
                          "type": "array",
                          "maxItems": 64,
                          "x-kubernetes-list-type": "atomic",
                          "items": {
                            "description": "One requirement.",
                            "type": "object",
                            "required": [
                              "key",
                              "operator"
                            ],
                            "x-kubernetes-validations": [
                              {
                                "rule": "self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : !has(self.values) || self.values.size() == 0",
                                "message": "give values with In and NotIn, and none with Exists and DoesNotExist"
                              }
                            ],
                            "properties": {
                              "key": {
                                "description": "Label key.",
                                "type": "string",
                                "minLength": 1,
                                "maxLength": 317,
                                "pattern": "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
                              },
                              "operator": {
                                "description": "How the label relates to the values.",
                                "type": "string",
                                "enum": [
                                  "In",
                                  "NotIn",
                                  "Exists",
                                  "DoesNotExist"
                                ]
                              },
                              "values": {
                                "description": "Values for `In` and `NotIn`.",
                                "type": "array",
                                "maxItems": 64,
                                "x-kubernetes-list-type": "set",
                                "items": {
                                  "description": "A label value.",
                                  "type": "string",
                                  "maxLength": 63,
                                  "pattern": "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
                                }
                              }
                            }
                          }
                        }
                      }
                    }
                  }
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "selectedUsers": {
                      "description": "How many users it applies to. Zero may be a misspelt name or label in the selector.",
                      "type": "integer",
                      "format": "int32",
                      "minimum": 0,
                      "maximum": 2147483647
                    },
                    "conditions": {
                      "description": "Standard conditions. `Ready`: both texts parse and are in force.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  Runtime: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "runtimes.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Cluster",
      "names": {
        "kind": "Runtime",
        "listKind": "RuntimeList",
        "plural": "runtimes",
        "singular": "runtime",
        "shortNames": [
          "rt"
        ],
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".spec.displayName"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Display",
              "type": "string",
              "jsonPath": ".spec.displayName",
              "description": "Name shown to people."
            },
            {
              "name": "Auth-File",
              "type": "string",
              "jsonPath": ".spec.auth.targetPath",
              "description": "Where the auth file belongs on a device."
            },
            {
              "name": "Proxies",
              "type": "string",
              "jsonPath": ".spec.proxy.schemes",
              "description": "Proxy URL schemes the CLI supports."
            },
            {
              "name": "Config-File",
              "type": "string",
              "jsonPath": ".spec.config.path",
              "priority": 1,
              "description": "Where the config file is."
            },
            {
              "name": "Max-Bytes",
              "type": "integer",
              "jsonPath": ".spec.auth.validation.maxBytes",
              "priority": 1,
              "description": "Largest auth document."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "A coding-agent CLI whose personal configuration is managed. Adding one needs no code - apply it, and the API, the console, storage, sync and import know it.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
                  "message": "metadata.name must be lower-case letters, digits and dashes, because it names preferences and routes; rename the runtime",
                  "fieldPath": ".metadata.name"
                }
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "What the runtime is like.",
                  "type": "object",
                  "required": [
                    "displayName",
                    "auth"
                  ],
                  "properties": {
                    "displayName": {
                      "description": "Name shown to people.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 100
                    },
                    "processName": {
                      "description": "Name of the CLI's process, by which an agent counts running sessions.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 64,
                      "pattern": "^[-._+A-Za-z0-9]+$"
                    },
                    "auth": {
                      "description": "The login file of the CLI.",
                      "type": "object",
                      "required": [
                        "targetPath",
                        "format",
                        "validation"
                      ],
                      "properties": {
                        "targetPath": {
                          "description": "Where the file belongs on a device, starting with `~/`, the home directory.",
                          "type": "string",
                          "minLength": 3,
                          "maxLength": 1024,
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.startsWith('~/')",
                              "message": "must start with ~/ because files are only used inside the home directory"
                            },
                            {
                              "rule": "!self.matches('(^|/)[.][.]?(/|$)')",
                              "message": "must not contain the segments . or ..; write the path without them"
                            },
                            {
                              "rule": "!self.matches('//|/$')",
                              "message": "must name a file; remove the empty segment or the slash at the end"
                            },
                            {
                              "rule": "!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')",
                              "message": "must not contain control characters; remove them"
                            }
                          ]
                        },
                        "format": {
                          "description": "Format of the auth document. Only JSON objects are delivered.",
                          "type": "string",
                          "enum": [
                            "json"
                          ]
                        },
                        "homeVariable": {
                          "description": "Environment variable by which the CLI moves the folder of targetPath, such as `CODEX_HOME`. Where a device has it set, the file is in that folder.",
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 128,
                          "pattern": "^[A-Z_][A-Z0-9_]*$",
                          "x-kubernetes-validations": [
                            {
                              "rule": "!(self in ['HOME', 'PATH', 'TMPDIR', 'USER', 'SHELL'])",
                              "message": "must be a variable of the CLI's own, not one of the system; name the CLI's variable"
                            },
                            {
                              "rule": "!self.startsWith('WEGENT_')",
                              "message": "must not start with WEGENT_, which carries device commands; name the CLI's variable"
                            }
                          ]
                        },
                        "fields": {
                          "description": "Where facts about the login are inside the auth document, as JSON pointers.",
                          "type": "object",
                          "minProperties": 1,
                          "properties": {
                            "accountId": {
                              "description": "The account the login belongs to.",
                              "type": "string",
                              "minLength": 2,
                              "maxLength": 256,
                              "pattern": "^(/([^/~]|~[01])+)+$"
                            },
                            "refreshToken": {
                              "description": "The refresh token, which must not be in use on two devices.",
                              "type": "string",
                              "minLength": 2,
                              "maxLength": 256,
                              "pattern": "^(/([^/~]|~[01])+)+$"
                            },
                            "lastRefresh": {
                              "description": "When the CLI last refreshed the login.",
                              "type": "string",
                              "minLength": 2,
                              "maxLength": 256,
                              "pattern": "^(/([^/~]|~[01])+)+$"
                            }
                          }
                        },
                        "validation": {
                          "description": "What an auth document must be like to be stored.",
                          "type": "object",
                          "required": [
                            "maxBytes"
                          ],
                          "default": {
                            "maxBytes": 524288
                          },
                          "properties": {
                            "maxBytes": {
                              "description": "Largest document, in bytes of its UTF-8 text.",
                              "type": "integer",
                              "format": "int32",
                              "minimum": 2,
                              "maximum": 1048576,
                              "default": 524288
                            },
                            "schema": {
                              "description": "JSON Schema that the document must fit.",
                              "type": "object",
                              "maxProperties": 256,
                              "x-kubernetes-preserve-unknown-fields": true
                            }
                          }
                        }
                      }
                    },
                    "proxy": {
                      "description": "What the CLI can do with a proxy. Absent means that it supports none.",
                      "type": "object",
                      "required": [
                        "schemes"
                      ],
                      "properties": {
                        "schemes": {
                          "description": "Proxy URL schemes that the CLI supports.",
                          "type": "array",
                          "maxItems": 3,
                          "x-kubernetes-list-type": "set",
                          "items": {
                            "description": "Scheme of a proxy URL.",
                            "type": "string",
                            "enum": [
                              "http",
                              "https",
                              "socks5"
                            ]
                          }
                        }
                      }
                    },
                    "config": {
                      "description": "The config file of the CLI.",
                      "type": "object",
                      "required": [
                        "path",
                        "format"
                      ],
                      "properties": {
                        "path": {
                          "description": "Where the config file is on a device, starting with `~/`, the home directory.",
                          "type": "string",
                          "minLength": 3,
                          "maxLength": 1024,
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.startsWith('~/')",
                              "message": "must start with ~/ because files are only used inside the home directory"
                            },
                            {
                              "rule": "!self.matches('(^|/)[.][.]?(/|$)')",
                              "message": "must not contain the segments . or ..; write the path without them"
                            },
                            {
                              "rule": "!self.matches('//|/$')",
                              "message": "must name a file; remove the empty segment or the slash at the end"
                            },
                            {
                              "rule": "!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')",
                              "message": "must not contain control characters; remove them"
                            }
                          ]
                        },
                        "format": {
                          "description": "Format of the config file.",
                          "type": "string",
                          "enum": [
                            "toml",
                            "json"
                          ]
                        }
                      }
                    }
                  },
                  "x-kubernetes-validations": [
                    {
                      "rule": "!has(self.config) || self.config.path != self.auth.targetPath",
                      "message": "config.path and auth.targetPath must be two different files; a login is never merged with a config"
                    }
                  ]
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "conditions": {
                      "description": "Standard conditions. `Ready`: the runtime can be used.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  UserProxyConfig: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "userproxyconfigs.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Namespaced",
      "names": {
        "kind": "UserProxyConfig",
        "listKind": "UserProxyConfigList",
        "plural": "userproxyconfigs",
        "singular": "userproxyconfig",
        "shortNames": [
          "upc"
        ],
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".status.maskedUrl"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Proxy",
              "type": "string",
              "jsonPath": ".status.maskedUrl",
              "description": "The proxy with user-info and query values masked."
            },
            {
              "name": "Stored",
              "type": "date",
              "jsonPath": ".spec.proxy.updatedAt",
              "description": "When the proxy was stored."
            },
            {
              "name": "Ready",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status",
              "description": "Whether the proxy can be used."
            },
            {
              "name": "Reason",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason",
              "priority": 1,
              "description": "Why it is, or is not, ready."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "One user's personal proxy, sealed. There is one per user, named `default`.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "self.metadata.name == 'default'",
                  "message": "metadata.name must be default: a user has one proxy",
                  "fieldPath": ".metadata.name"
                }
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "What should be.",
                  "type": "object",
                  "properties": {
                    "proxy": {
                      "description": "The proxy. Absent means that the user has none.",
                      "type": "object",
                      "required": [
                        "encryptedUrl",
                        "sha256",
                        "updatedAt"
                      ],
                      "properties": {
                        "encryptedUrl": {
                          "description": "The proxy URL, sealed by this product and bound to this object and field. It opens nowhere else; save a proxy through the API instead of writing this field.",
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 16384
                        },
                        "sha256": {
                          "description": "Lower-case hex SHA-256 of the proxy URL as it was saved.",
                          "type": "string",
                          "minLength": 64,
                          "maxLength": 64,
                          "pattern": "^[0-9a-f]{64}$"
                        },
                        "updatedAt": {
                          "description": "When the proxy was stored, ISO 8601 in UTC.",
                          "type": "string",
                          "format": "date-time",
                          "minLength": 20,
                          "maxLength": 35,
                          "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                        }
                      }
                    },
                    "updatedAt": {
                      "description": "When anything in spec was last changed through the API, ISO 8601 in UTC.",
                      "type": "string",
                      "format": "date-time",
                      "minLength": 20,
                      "maxLength": 35,
                      "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                    }
                  }
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "conditions": {
                      "description": "Standard conditions. `Ready`: the proxy is stored and opens.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    },
                    "maskedUrl": {
                      "description": "The proxy URL with user-info and query values masked. Empty when none is stored.",
                      "type": "string",
                      "maxLength": 8192
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  UserRuntimeConfig: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "userruntimeconfigs.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Namespaced",
      "names": {
        "kind": "UserRuntimeConfig",
        "listKind": "UserRuntimeConfigList",
        "plural": "userruntimeconfigs",
        "singular": "userruntimeconfig",
        "shortNames": [
          "urc"
        ],
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".spec.runtime"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Stored",
              "type": "date",
              "jsonPath": ".spec.auth.updatedAt",
              "description": "When the auth document was stored."
            },
            {
              "name": "Update",
              "type": "string",
              "jsonPath": ".spec.auth.updatePolicy",
              "priority": 1,
              "description": "What happens to a file that a device has already."
            },
            {
              "name": "Removal",
              "type": "string",
              "jsonPath": ".spec.auth.removalPolicy",
              "priority": 1,
              "description": "What happens to the files when the configuration is switched off or deleted."
            },
            {
              "name": "Suspended",
              "type": "boolean",
              "jsonPath": ".spec.suspend",
              "priority": 1,
              "description": "Whether device actions are stopped."
            },
            {
              "name": "Ready",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status",
              "description": "Whether the configuration can be delivered."
            },
            {
              "name": "Online",
              "type": "integer",
              "jsonPath": ".status.devices.online",
              "description": "Devices that are connected."
            },
            {
              "name": "In-Sync",
              "type": "integer",
              "jsonPath": ".status.devices.inSync",
              "description": "Devices that have the file."
            },
            {
              "name": "Missing",
              "type": "integer",
              "jsonPath": ".status.devices.missing",
              "description": "Devices that lack the file."
            },
            {
              "name": "Stale",
              "type": "integer",
              "jsonPath": ".status.devices.stale",
              "priority": 1,
              "description": "Devices that have an older file of ours."
            },
            {
              "name": "Failed",
              "type": "integer",
              "jsonPath": ".status.devices.failed",
              "description": "Devices on which delivery failed."
            },
            {
              "name": "Reason",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason",
              "priority": 1,
              "description": "Why it is, or is not, ready."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "What one user wants on all of their devices for one runtime: the sealed auth document, how it is delivered, and the user's own config layer. There is one per user and runtime, named after the runtime.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "x-kubernetes-validations": [
                {
                  "rule": "self.metadata.name == self.spec.runtime",
                  "message": "metadata.name must equal spec.runtime: there is one object per runtime, so rename the object or change spec.runtime",
                  "fieldPath": ".spec.runtime"
                }
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "What should be.",
                  "type": "object",
                  "required": [
                    "runtime"
                  ],
                  "properties": {
                    "runtime": {
                      "description": "Name of the Runtime this configuration is for, such as `codex`. Equals metadata.name and cannot be changed.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 63,
                      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                      "x-kubernetes-validations": [
                        {
                          "rule": "self == oldSelf",
                          "message": "spec.runtime cannot be changed; create an object named after the other runtime"
                        }
                      ]
                    },
                    "auth": {
                      "description": "The auth document and how it reaches the devices. Policies may be set before a document is stored, and stay when it is deleted.",
                      "type": "object",
                      "required": [
                        "format",
                        "targetPath"
                      ],
                      "x-kubernetes-validations": [
                        {
                          "rule": "!(has(self.secretRef) && has(self.encryptedValue))",
                          "message": "set either secretRef or encryptedValue, not both; to take the document from a Secret set encryptedValue and sha256 to null, to keep the one that was uploaded remove secretRef"
                        },
                        {
                          "rule": "has(self.encryptedValue) == has(self.sha256)",
                          "message": "encryptedValue and sha256 belong together; upload the document through the API, which sets both, and leave both out with secretRef"
                        }
                      ],
                      "properties": {
                        "format": {
                          "description": "Format of the auth document. Only JSON objects are delivered.",
                          "type": "string",
                          "enum": [
                            "json"
                          ]
                        },
                        "targetPath": {
                          "description": "Where the file belongs on a device, starting with `~/`, the home directory.",
                          "type": "string",
                          "minLength": 3,
                          "maxLength": 1024,
                          "x-kubernetes-validations": [
                            {
                              "rule": "self.startsWith('~/')",
                              "message": "must start with ~/ because files are only written inside the home directory"
                            },
                            {
                              "rule": "!self.matches('(^|/)[.][.]?(/|$)')",
                              "message": "must not contain the segments . or ..; write the path without them"
                            },
                            {
                              "rule": "!self.matches('//|/$')",
                              "message": "must name a file; remove the empty segment or the slash at the end"
                            },
                            {
                              "rule": "!self.matches('[\\\\x00-\\\\x1f\\\\x7f]')",
                              "message": "must not contain control characters; remove them"
                            }
                          ]
                        },
                        "encryptedValue": {
                          "description": "The auth document, sealed by this product and bound to this object and field. It opens nowhere else; upload a document through the API instead of writing this field.",
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 3145728
                        },
                        "sha256": {
                          "description": "Lower-case hex SHA-256 of the auth document's normal form.",
                          "type": "string",
                          "minLength": 64,
                          "maxLength": 64,
                          "pattern": "^[0-9a-f]{64}$"
                        },
                        "updatedAt": {
                          "description": "When the auth document was stored, ISO 8601 in UTC. Devices take no document older than the one they got. With secretRef it may be set, to refer to a Secret that was changed before that.",
                          "type": "string",
                          "format": "date-time",
                          "minLength": 20,
                          "maxLength": 35,
                          "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                        },
                        "secretRef": {
                          "description": "Takes the auth document from a Secret in the same namespace instead of encryptedValue. Only in a cluster, and only read. A change of the Secret is noticed within ten minutes, and at once when it has the label `agent.wecode.io/runtime-config: \"true\"`.",
                          "type": "object",
                          "required": [
                            "name",
                            "key"
                          ],
                          "properties": {
                            "name": {
                              "description": "Name of the Secret.",
                              "type": "string",
                              "minLength": 1,
                              "maxLength": 253,
                              "x-kubernetes-validations": [
                                {
                                  "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
                                  "message": "must be the name of a Secret (lower-case letters, digits, - and .); kubectl get secrets lists them"
                                }
                              ]
                            },
                            "key": {
                              "description": "Key inside the Secret whose value is the auth document.",
                              "type": "string",
                              "minLength": 1,
                              "maxLength": 253,
                              "x-kubernetes-validations": [
                                {
                                  "rule": "self.matches('^[-._a-zA-Z0-9]+$')",
                                  "message": "must be a key of the Secret (letters, digits, -, _ and .); kubectl describe secret lists them"
                                }
                              ]
                            }
                          }
                        },
                        "updatePolicy": {
                          "description": "What happens to a file that a device has already. `IfMissing`, also when absent: it is never touched. `IfStale`: it is replaced when it is exactly what was delivered before and the stored document is newer.",
                          "type": "string",
                          "enum": [
                            "IfMissing",
                            "IfStale"
                          ]
                        },
                        "removalPolicy": {
                          "description": "What happens on the devices when the configuration is switched off or the document is deleted. `Retain`, also when absent: files stay. `RemoveManaged`: files that are exactly what was delivered are removed.",
                          "type": "string",
                          "enum": [
                            "Retain",
                            "RemoveManaged"
                          ]
                        }
                      }
                    },
                    "config": {
                      "description": "The user's own config layer for this runtime, sealed.",
                      "type": "object",
                      "required": [
                        "format",
                        "encryptedValue",
                        "version",
                        "updatedAt"
                      ],
                      "properties": {
                        "format": {
                          "description": "Format of the config text.",
                          "type": "string",
                          "enum": [
                            "toml",
                            "json"
                          ]
                        },
                        "encryptedValue": {
                          "description": "The config text, sealed by this product and bound to this object and field.",
                          "type": "string",
                          "minLength": 1,
                          "maxLength": 3145728
                        },
                        "version": {
                          "description": "Fingerprint of the layer, `sha256:` and 64 hex digits; changes exactly when its value does.",
                          "type": "string",
                          "minLength": 71,
                          "maxLength": 71,
                          "pattern": "^sha256:[0-9a-f]{64}$"
                        },
                        "updatedAt": {
                          "description": "When the config text was stored, ISO 8601 in UTC.",
                          "type": "string",
                          "format": "date-time",
                          "minLength": 20,
                          "maxLength": 35,
                          "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                        }
                      }
                    },
                    "suspend": {
                      "description": "True stops every device action for this configuration, and says so in the status, until it is removed or set to false.",
                      "type": "boolean"
                    },
                    "updatedAt": {
                      "description": "When anything in spec was last changed through the API, ISO 8601 in UTC.",
                      "type": "string",
                      "format": "date-time",
                      "minLength": 20,
                      "maxLength": 35,
                      "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                    }
                  }
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "conditions": {
                      "description": "Standard conditions. `Ready`: the configuration can be delivered. `Synced`: every online device has what it should.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    },
                    "devices": {
                      "description": "How many of the user's devices are in which state. The rows themselves are on the Device objects.",
                      "type": "object",
                      "required": [
                        "online",
                        "inSync",
                        "missing",
                        "stale",
                        "failed"
                      ],
                      "properties": {
                        "online": {
                          "description": "Devices that are connected.",
                          "type": "integer",
                          "format": "int32",
                          "minimum": 0,
                          "maximum": 2147483647
                        },
                        "inSync": {
                          "description": "Devices that have the file.",
                          "type": "integer",
                          "format": "int32",
                          "minimum": 0,
                          "maximum": 2147483647
                        },
                        "missing": {
                          "description": "Devices that lack the file.",
                          "type": "integer",
                          "format": "int32",
                          "minimum": 0,
                          "maximum": 2147483647
                        },
                        "stale": {
                          "description": "Devices that have an older file of ours.",
                          "type": "integer",
                          "format": "int32",
                          "minimum": 0,
                          "maximum": 2147483647
                        },
                        "failed": {
                          "description": "Devices on which delivery failed.",
                          "type": "integer",
                          "format": "int32",
                          "minimum": 0,
                          "maximum": 2147483647
                        }
                      }
                    },
                    "lastHandledSyncRequest": {
                      "description": "The value of the annotation `agent.wecode.io/sync-requested-at` that was last carried out. Equal to the annotation means done.",
                      "type": "string",
                      "maxLength": 256
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
  User: {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
      "name": "users.agent.wecode.io"
    },
    "spec": {
      "group": "agent.wecode.io",
      "scope": "Cluster",
      "names": {
        "kind": "User",
        "listKind": "UserList",
        "plural": "users",
        "singular": "user",
        "categories": [
          "runtimeconfig"
        ]
      },
      "versions": [
        {
          "name": "v1",
          "served": true,
          "storage": true,
          "subresources": {
            "status": {}
          },
          "selectableFields": [
            {
              "jsonPath": ".spec.subject"
            },
            {
              "jsonPath": ".spec.namespace"
            }
          ],
          "additionalPrinterColumns": [
            {
              "name": "Subject",
              "type": "string",
              "jsonPath": ".spec.subject",
              "description": "Identity in the token."
            },
            {
              "name": "Namespace",
              "type": "string",
              "jsonPath": ".spec.namespace",
              "description": "Where the user's resources live."
            },
            {
              "name": "Role",
              "type": "string",
              "jsonPath": ".spec.role",
              "description": "What the user may do here."
            },
            {
              "name": "Suspended",
              "type": "boolean",
              "jsonPath": ".spec.suspend",
              "description": "Whether the user is deactivated."
            },
            {
              "name": "Ready",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status",
              "description": "Whether the user is served."
            },
            {
              "name": "Reason",
              "type": "string",
              "jsonPath": ".status.conditions[?(@.type==\"Ready\")].reason",
              "priority": 1,
              "description": "Why the user is, or is not, served."
            },
            {
              "name": "Age",
              "type": "date",
              "jsonPath": ".metadata.creationTimestamp",
              "description": "When the object was created."
            }
          ],
          "schema": {
            "openAPIV3Schema": {
              "description": "One person, in a cluster: who they are in a token, where their resources live, and their preferences.",
              "type": "object",
              "required": [
                "metadata",
                "spec"
              ],
              "properties": {
                "apiVersion": {
                  "description": "Version of the schema of this object, `agent.wecode.io/v1`.",
                  "type": "string",
                  "maxLength": 253
                },
                "kind": {
                  "description": "Kind of this object.",
                  "type": "string",
                  "maxLength": 63
                },
                "metadata": {
                  "type": "object",
                  "properties": {
                    "name": {
                      "type": "string",
                      "maxLength": 63
                    }
                  }
                },
                "spec": {
                  "description": "Who the user is and what they chose.",
                  "type": "object",
                  "required": [
                    "subject",
                    "namespace"
                  ],
                  "properties": {
                    "subject": {
                      "description": "Identity of the user in their tokens (`sub`). Of two Users with one subject the older is served.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 253
                    },
                    "namespace": {
                      "description": "Namespace that holds this user's resources and nobody else's. Cannot be changed, because a user's resources never leave it.",
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 63,
                      "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                      "x-kubernetes-validations": [
                        {
                          "rule": "self == oldSelf",
                          "message": "spec.namespace cannot be changed; create another User for the other namespace"
                        },
                        {
                          "rule": "!self.startsWith('kube-') && self != 'default'",
                          "message": "must be a namespace of the user's own, not one of the cluster; create one for the user"
                        }
                      ]
                    },
                    "email": {
                      "description": "E-mail address of the user, for people who look at the list.",
                      "type": "string",
                      "minLength": 3,
                      "maxLength": 254
                    },
                    "role": {
                      "description": "What the user may do here: `user`, also when absent, manages their own; `admin` manages everybody's.",
                      "type": "string",
                      "enum": [
                        "user",
                        "admin"
                      ]
                    },
                    "suspend": {
                      "description": "Deactivates the user: their tokens are refused, their devices are disconnected, and nothing is sent to them until it is false again.",
                      "type": "boolean"
                    },
                    "preferences": {
                      "description": "The user's preferences. `runtime_configs` holds, by runtime, `use_user_config` and `use_proxy`; everything else in here belongs to other programs and is kept as it is.",
                      "type": "object",
                      "maxProperties": 1024,
                      "x-kubernetes-preserve-unknown-fields": true
                    }
                  }
                },
                "status": {
                  "description": "What is. Written by the operator only.",
                  "type": "object",
                  "properties": {
                    "observedGeneration": {
                      "description": "The metadata.generation that this status describes.",
                      "type": "integer",
                      "format": "int64",
                      "minimum": 0,
                      "maximum": 9007199254740991
                    },
                    "conditions": {
                      "description": "Standard conditions. `Ready`: the user is served, which means that the namespace exists and that no older User has the same subject or namespace.",
                      "type": "array",
                      "maxItems": 16,
                      "x-kubernetes-list-type": "map",
                      "x-kubernetes-list-map-keys": [
                        "type"
                      ],
                      "items": {
                        "description": "One aspect of the current state.",
                        "type": "object",
                        "required": [
                          "type",
                          "status",
                          "lastTransitionTime",
                          "reason",
                          "message"
                        ],
                        "properties": {
                          "type": {
                            "description": "Type of the condition in CamelCase, unique in the list.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 316,
                            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
                          },
                          "status": {
                            "description": "Whether it holds.",
                            "type": "string",
                            "enum": [
                              "True",
                              "False",
                              "Unknown"
                            ]
                          },
                          "observedGeneration": {
                            "description": "The metadata.generation that this condition describes.",
                            "type": "integer",
                            "format": "int64",
                            "minimum": 0,
                            "maximum": 9007199254740991
                          },
                          "lastTransitionTime": {
                            "description": "When status last changed from one value to another.",
                            "type": "string",
                            "format": "date-time",
                            "minLength": 20,
                            "maxLength": 35,
                            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
                          },
                          "reason": {
                            "description": "Why, as one constant word in CamelCase.",
                            "type": "string",
                            "minLength": 1,
                            "maxLength": 1024,
                            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                          },
                          "message": {
                            "description": "Why, as a sentence for people.",
                            "type": "string",
                            "maxLength": 32768
                          }
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      ]
    }
  },
}
