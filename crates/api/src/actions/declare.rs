//! What becomes of the list of actions: the type of all of them, and what each needs.

macro_rules! actions {
    (|$controls:ident, $by:ident| $(
        $(#[doc = $doc:literal])+
        $name:ident $word:literal
        $( { $($field:ident : $kind:ty),+ $(,)? } )? $( ( $whole:ident : $whole_kind:ty ) )?
        : $right:ident on $object:expr => $run:expr;
    )+) => {
        /// An action and what it needs to know.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "action", deny_unknown_fields)]
        pub enum Action {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $word)]
                #[allow(missing_docs)]
                $name $( { $($field: $kind),+ } )? $( ($whole_kind) )?,
            )+
        }

        impl Action {
            /// Name, meaning and needed right of each.
            pub const ALL: &'static [(&'static str, &'static str, Right)] =
                &[$(($word, concat!($($doc),+), Right::$right),)+];

            /// Its name in requests.
            #[must_use]
            #[allow(unused_variables)]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name $( { $($field),+ } )? $( ($whole) )? => $word,)+
                }
            }

            /// The right that it needs first of all.
            #[must_use]
            #[allow(unused_variables)]
            pub const fn right(&self) -> Right {
                match self {
                    $(Self::$name $( { $($field),+ } )? $( ($whole) )? => Right::$right,)+
                }
            }

            /// What it concerns.
            #[must_use]
            #[allow(unused_variables)]
            pub fn concerns(&self) -> On<'_> {
                match self {
                    $(Self::$name $( { $($field),+ } )? $( ($whole) )? => $object,)+
                }
            }

            /// Carries it out, without asking whether that is allowed.
            pub(super) async fn run(self, $controls: &Controls, $by: &Bounds) -> Result<Value, Refused> {
                match self {
                    $(Self::$name $( { $($field),+ } )? $( ($whole) )? => $run.await,)+
                }
            }
        }
    };
}

pub(super) use actions;
