//! Pages of W&B's lists: Relay's connections, with the position of an item in
//! the whole list as its cursor.

use std::borrow::Cow;

use async_graphql::{Object, OutputType, SimpleObject, TypeName};

use crate::limits::PAGE_MAX;

/// Where a page ends.
#[derive(SimpleObject, Clone, Default)]
pub struct PageInfo {
    end_cursor: Option<String>,
    has_next_page: bool,
}

/// An item and its cursor.
pub struct Edge<T> {
    node: T,
    cursor: String,
    /// Of artifacts: `v3`.
    version: Option<String>,
}

/// A page.
pub struct Page<T> {
    edges: Vec<Edge<T>>,
    page_info: PageInfo,
    total_count: usize,
}

impl<T: OutputType> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

impl<T: OutputType> TypeName for Page<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

#[Object(name_type)]
impl<T: OutputType> Edge<T> {
    async fn node(&self) -> &T {
        &self.node
    }
    async fn cursor(&self) -> &str {
        &self.cursor
    }
    async fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

#[Object(name_type)]
impl<T: OutputType> Page<T> {
    async fn edges(&self) -> &[Edge<T>] {
        &self.edges
    }
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }
    async fn total_count(&self) -> usize {
        self.total_count
    }
}

/// Which part of a list is asked for.
pub struct Window {
    /// The first item.
    pub start: usize,
    /// Behind the last.
    pub end: usize,
    total: usize,
}

impl Window {
    /// The items behind the cursor `after`, `first` of them.
    pub fn new(total: usize, first: Option<i32>, after: Option<&str>) -> Self {
        let start = after.and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or(0).min(total);
        let asked = first.map_or(PAGE_MAX, |first| usize::try_from(first).unwrap_or(0));
        Self { start, end: (start + asked.min(PAGE_MAX)).min(total), total }
    }

    /// The page of these items, which are the window's.
    pub fn page<T: OutputType>(&self, items: Vec<T>) -> Page<T> {
        self.page_with(items, |_| None)
    }

    /// [`Window::page`], with each item's version.
    pub fn page_with<T: OutputType>(
        &self,
        items: Vec<T>,
        mut version: impl FnMut(&T) -> Option<String>,
    ) -> Page<T> {
        let edges: Vec<_> = items
            .into_iter()
            .zip(self.start + 1..)
            .map(|(node, at)| Edge { version: version(&node), node, cursor: at.to_string() })
            .collect();
        let page_info = PageInfo {
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
            has_next_page: self.end < self.total,
        };
        Page { edges, page_info, total_count: self.total }
    }

    /// The page of a list that is there as a whole.
    pub fn cut<T: OutputType>(items: Vec<T>, first: Option<i32>, after: Option<&str>) -> Page<T> {
        let window = Self::new(items.len(), first, after);
        let cut = items.into_iter().skip(window.start).take(window.end - window.start).collect();
        window.page(cut)
    }
}
